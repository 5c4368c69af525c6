"""The `regesta` command: every group of commands, and the one place where errors become messages."""

from __future__ import annotations

import sys

import typer

from regesta.commands import (
    answers,
    ask,
    batches,
    cache,
    demo,
    doctor,
    documents,
    erasures,
    keys,
    models,
    quarantine,
    sources,
    stack,
    sync,
    upload,
    versions,
)
from regesta.output import errors

app = typer.Typer(
    name="regesta",
    help="A knowledge base that can be trusted: Airflow fills it, Postgres holds it, dbt governs it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(ask.ask)
app.command()(ask.search)
app.command()(sync.sync)
app.command()(doctor.doctor)
app.command()(demo.demo)
app.add_typer(sources.app, name="sources")
app.add_typer(documents.app, name="documents")
app.command()(upload.upload)
app.command()(upload.withdraw)
app.add_typer(versions.app, name="versions")
app.add_typer(quarantine.app, name="quarantine")
app.command()(erasures.erase)
app.command()(erasures.erasures)
app.add_typer(models.app, name="models")
app.command()(answers.feedback)
app.command()(answers.lineage)
app.add_typer(batches.app, name="batches")
app.add_typer(keys.app, name="keys")
app.add_typer(cache.app, name="cache")
stack.register(app)


def main() -> None:
    """Run the command line; what we raise on purpose is one clear message and exit status 1."""
    from pydantic import ValidationError

    from corpus.errors import CorpusError
    from ingestion.errors import IngestionError
    from regesta.stack.errors import StackError
    from serving.errors import ServingError
    from sql.migrate import MigrationError

    try:
        app()
    except (CorpusError, IngestionError, ServingError, StackError, MigrationError) as error:
        errors.print(f"[red]Error:[/] {error}", soft_wrap=True)
        sys.exit(1)
    except ValidationError as error:
        for problem in error.errors():
            errors.print(f"[red]Setting REGESTA_{str(problem['loc'][0]).upper()}:[/] {problem['msg']}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
