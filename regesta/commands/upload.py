"""`regesta upload` and `regesta withdraw`: hand documents in, and take them back."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from regesta.output import AsJson, console, print_json

Source = Annotated[str, typer.Option(help="Name of an upload source; see `regesta sources list`.")]


def upload(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Files to hand in.")],
    source: Source,
    name: Annotated[str | None, typer.Option(help="Hand one file in under another name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hand in documents; the same name again is a new version. Airflow takes them in within seconds."""
    from corpus.landing import put
    from corpus.media_types import media_type
    from ingestion.errors import IngestionError
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    if name is not None and len(files) > 1:
        raise IngestionError("--name is for one file; several are handed in under their own names.")
    bench = Workbench(IngestionSettings())
    limit = bench.settings.max_document_bytes
    arrivals = []
    with bench.connect() as connection:
        for file in files:
            # One byte too many is enough to be refused by; the rest of a huge file is not read.
            with file.open("rb") as opened:
                data = opened.read(limit + 1)
            title = name or file.name
            arrival = put(
                connection, bench.store, source, title, data,
                media_type=media_type(title, data), actor=operator(), max_bytes=limit,
            )  # fmt: skip
            arrivals.append(arrival)
            if not as_json:
                console.print(f"Handed in [bold]{arrival.uri}[/] ({len(data)} bytes)")
    if as_json:
        print_json([vars(arrival) for arrival in arrivals])
    else:
        console.print(f"Airflow takes it in (DAG ingest_arrivals); without Airflow: regesta sync {source} --local")


def withdraw(
    names: Annotated[list[str], typer.Argument(help="Names the documents were handed in under.")],
    source: Source,
    as_json: AsJson = False,
) -> None:
    """Take documents back; readers stop seeing them with the next run."""
    from corpus.landing import withdraw as withdraw_document
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        arrivals = [withdraw_document(connection, source, name, actor=operator()) for name in names]
    if as_json:
        print_json([vars(arrival) for arrival in arrivals])
        return
    for arrival in arrivals:
        console.print(f"Withdrawn: [bold]{arrival.uri}[/]")


def operator() -> str:
    """Return who is at the keyboard, for the record."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"
