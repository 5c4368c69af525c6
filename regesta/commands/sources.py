"""`regesta sources …`: where documents come from."""

from __future__ import annotations

from typing import Annotated

import typer

from regesta.output import AsJson, console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Where documents come from.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What you will type: lower-case letters, digits, - and _.")],
    uri: Annotated[str, typer.Argument(help="s3://bucket/prefix")],
    tenant: Annotated[str, typer.Option(help="Whose documents these are.")] = "default",
    group: Annotated[list[str] | None, typer.Option(help="Group that may read them; repeatable.")] = None,
    authority: Annotated[int, typer.Option(min=0, max=100, help="Trust among near-duplicates.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Add a source; adding the same one again changes nothing."""
    from ingestion.settings import IngestionSettings
    from ingestion.sources import add_source
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        source = add_source(connection, name, uri, tenant, group or ["everyone"], authority)
    if as_json:
        print_json(vars(source))
    else:
        console.print(f"Source [bold]{source.name}[/] → {source.uri}. Next: regesta sync {source.name}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the sources with their document counts and last run."""
    from ingestion.settings import IngestionSettings
    from ingestion.sources import list_sources
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        rows = list_sources(connection)
    if as_json:
        print_json(rows)
        return
    columns = ("name", "uri", "tenant_id", "access_groups", "document_count", "last_run_state", "last_run_at")
    print_table(rows, columns, "No sources yet. Add one: regesta sources add NAME s3://bucket/prefix")
