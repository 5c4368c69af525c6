"""`regesta documents …`: the registry, read by an operator across tenants."""

from __future__ import annotations

from typing import Annotated

import typer

from regesta.output import AsJson, console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Documents and their versions.")


@app.command("list")
def list_(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    status: Annotated[str | None, typer.Option(help="active, quarantined or deleted.")] = None,
    language: Annotated[str | None, typer.Option(help="ko or en.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """List documents with what is served of each."""
    from ingestion.registry import DocumentFilter, list_documents
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        rows = list_documents(connection, DocumentFilter(source, status, language), limit)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "source", "uri", "title", "status", "version", "language")
    print_table(rows, columns, "No documents match. Fill the corpus with `regesta sync SOURCE`.")


@app.command()
def show(
    document: Annotated[str, typer.Argument(help="Id, uri, or the end of a uri.")], as_json: AsJson = False
) -> None:
    """Show one document with every version, its state and why."""
    from ingestion.registry import show_document
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        found = show_document(connection, document)
    if as_json:
        print_json(found)
        return
    console.print(
        f"[bold]{found['title'] or 'No version is served'}[/]\n{found['uri']}\nid {found['id']} · {found['status']}"
    )
    columns = ("number", "state", "reason", "chunk_count", "raw_sha256", "created_at")
    print_table(found["versions"], columns, "It has no version yet.")
