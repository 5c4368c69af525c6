"""`make dbt`: build and test the marts by hand, as the governance DAG does."""

from __future__ import annotations

import sys

import typer

from ingestion.governance import build_marts
from ingestion.settings import IngestionSettings


def main(select: str | None) -> None:
    """Build what is selected, or everything, and print how each model and test ended."""
    for node in build_marts(IngestionSettings(), select):
        typer.echo(f"{node.status:<8}{node.seconds:6.2f} s  {node.name}")


if __name__ == "__main__":
    main(sys.argv[1] or None)
