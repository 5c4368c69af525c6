"""How a benchmark reports: a readable table, then one line of JSON for machines."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

PACKAGES = ("apache-airflow", "psycopg", "onnxruntime", "unstructured", "datasketch", "numpy")


@dataclass(frozen=True)
class Bar:
    """A promise with a number: `value` must be at most `limit`, or at least."""

    value: float
    limit: float
    is_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is kept."""
        return self.value >= self.limit if self.is_least else self.value <= self.limit


def spread(values: Sequence[float]) -> str:
    """Return the median of repeated measurements with their range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def report(bench: str, figures: Mapping[str, Any], bars: Mapping[str, Bar]) -> bool:
    """Print a benchmark's outcome and return whether all bars hold."""
    console = Console()
    table = Table("what", "measured", "bar", "", title=f"bench {bench}", box=None, title_justify="left")
    for name, figure in figures.items():
        shown = spread(figure) if isinstance(figure, list) else str(figure)
        table.add_row(name, shown, "", "")
    for name, bar in bars.items():
        table.add_row(
            name,
            f"{bar.value:g}",
            f"{'≥' if bar.is_least else '≤'} {bar.limit:g}",
            "holds" if bar.holds else "[red]does not hold[/]",
        )
    console.print(table)
    outcome = {
        "bench": bench,
        "figures": dict(figures),
        "bars": {name: {"value": bar.value, "bar": bar.limit, "holds": bar.holds} for name, bar in bars.items()},
        "versions": {name: version(name) for name in PACKAGES},
        "machine": {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count()},
    }
    print(json.dumps(outcome, ensure_ascii=False))
    return all(bar.holds for bar in bars.values())
