"""`regesta versions …`: go back to an earlier version, and forward again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from psycopg import Connection

from regesta.commands.reasons import said
from regesta.output import AsJson, console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Roll documents back to earlier versions, and release them again.")
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the history.", callback=said)]
ACTOR = "command line"


@app.command()
def restore(
    document: Annotated[str | None, typer.Argument(help="Id, uri, or the end of a uri.")] = None,
    version: Annotated[int | None, typer.Option(help="Which version; else the one served before.", min=1)] = None,
    run: Annotated[str | None, typer.Option(help="Undo everything this run did.")] = None,
    until: Annotated[datetime | None, typer.Option(help="When the pins end by themselves (UTC).")] = None,
    reason: Reason = "restored by hand",
    as_json: AsJson = False,
) -> None:
    """Serve an earlier version of a document, or what was served before a run; takes effect at once."""
    from ingestion import versions
    from ingestion.errors import IngestionError

    if document is None and run is None:
        raise IngestionError("Name a document, or a run with --run.")
    if run is not None and (document, version) != (None, None):
        raise IngestionError("With --run, name no document and give no --version.")
    expires_at = versions.end_of_pin(until)
    with _connect() as connection:
        restored = versions.restore(connection, document, version, run, ACTOR, reason, expires_at)
    if as_json:
        print_json(restored)
        return
    print_table(restored, ("uri", "version", "skipped"), "The run changed nothing that could be restored.")


@app.command()
def release(
    document: Annotated[str, typer.Argument(help="Id, uri, or the end of a uri.")], as_json: AsJson = False
) -> None:
    """End a pin: the newest version is served again."""
    from ingestion import versions
    from ingestion.registry import show_document

    with _connect() as connection:
        uri = versions.release(connection, show_document(connection, document)["id"], ACTOR)
    if as_json:
        print_json({"released": uri})
    else:
        console.print(f"{uri} serves its newest version again.")


@app.command()
def pins(as_json: AsJson = False) -> None:
    """List the pins in force."""
    from ingestion.versions import list_pins

    with _connect() as connection:
        rows = list_pins(connection)
    if as_json:
        print_json(rows)
        return
    print_table(rows, ("uri", "version", "actor", "reason", "pinned_at", "expires_at"), "Nothing is pinned.")


@app.command()
def purge(as_json: AsJson = False) -> None:
    """Remove the versions whose retention window has ended, as the nightly DAG does."""
    from ingestion import purging
    from ingestion.governance import build_marts
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    bench = Workbench(IngestionSettings())
    build_marts(bench.settings, "expired_versions")
    with bench.connect() as connection:
        purged = purging.purge(connection, bench.store).as_dict()
    if as_json:
        print_json(purged)
    else:
        console.print(", ".join(f"{count} {name}" for name, count in purged.items()) + " removed")


def _connect() -> Connection[Any]:
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    return Workbench(IngestionSettings()).connect()
