"""`regesta quarantine …`: what was kept out, and what a person can do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from regesta.commands.reasons import said
from regesta.output import AsJson, console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Documents whose content could not be used.")
Document = Annotated[str, typer.Argument(help="Id, uri, or the end of a uri.")]


@app.command("list")
def list_(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """List quarantined documents with the reason, and whether an older version is served."""
    from ingestion.quarantine import list_quarantined
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        rows = list_quarantined(connection, source, limit)
    if as_json:
        print_json(rows)
        return
    print_table(rows, ("uri", "version", "reason", "is_older_served", "created_at"), "Nothing is quarantined.")


@app.command()
def retry(document: Document, as_json: AsJson = False) -> None:
    """Have the next sync work on a document again, although its bytes are the same."""
    from ingestion.quarantine import retry as retry_document
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        found = retry_document(connection, document)
    _report(found["uri"], "will be tried again", as_json)


@app.command()
def release(
    document: Document,
    reason: Annotated[
        str, typer.Option(help="Why it may pass; it stands in the history.", callback=said)
    ] = "released by hand",
    as_json: AsJson = False,
) -> None:
    """Let a document pass validation; for these bytes only, an edit is validated again."""
    from ingestion.quarantine import release as release_document
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        found = release_document(connection, document, "command line", reason)
    _report(found["uri"], "may pass", as_json)


def _report(uri: str, what: str, as_json: bool) -> None:
    if as_json:
        print_json({"uri": uri, "state": what})
    else:
        console.print(f"{uri} {what}. Next: `regesta sync SOURCE`.")
