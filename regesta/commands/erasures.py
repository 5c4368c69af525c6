"""`regesta erase` and `regesta erasures`: remove a document for good, and the receipts of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from regesta.commands.reasons import said
from regesta.output import AsJson, console, print_json, print_table


def erase(
    document: Annotated[str, typer.Argument(help="Its id, or its whole address.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the receipt.", prompt=True, callback=said)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a document for good: bytes, versions, passages, vectors, and what was asked about it."""
    from ingestion import erasure
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    bench = Workbench(IngestionSettings())
    if not yes:
        typer.confirm(f"Erase {document} for good? There is no way back.", abort=True)
    with bench.connect() as connection:
        receipt = erasure.erase(connection, bench.store, document, "command line", reason)
    if as_json:
        print_json(receipt)
        return
    console.print(f"Erased. Receipt [bold]{receipt['id']}[/]; it will not come back with the next sync.")
    console.print(_counted(receipt))


def erasures(
    lift: Annotated[str | None, typer.Option(help="Let the document of this receipt come back.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the receipts of erased documents, or lift one."""
    from ingestion import erasure
    from ingestion.registry import as_uuid
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        if lift:
            erasure.lift(connection, as_uuid(lift, "receipt"))
        rows = erasure.list_erasures(connection, limit)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "source", "actor", "reason", "erased", "pending_count", "erased_at", "lifted_at")
    shown = [{**row, "erased": _counted(row["counts"])} for row in rows]
    print_table(shown, columns, "Nothing was ever erased.")


def _counted(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{value} {name}" for name, value in counts.items() if isinstance(value, int) and value)
