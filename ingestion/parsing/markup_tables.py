"""Tables of HTML: their cells, or that they are none but arrange a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingestion.parsing.markup_text import HEADINGS, node_text

_MAX_SPAN = 64


def is_layout(table: Any) -> bool:
    """Tell a table that only arranges a page: it nests tables or headings, or never has two cells in a row."""
    if any(node is not table for node in table.iter("table", *HEADINGS, "pre")):
        return True
    return all(len(row.xpath("./td|./th")) < 2 for row in table.iter("tr"))


def grid(table: Any) -> Iterator[list[str]]:
    """Yield the rows of a table; a cell that spans several is repeated in each, so that a row speaks for itself."""
    below: dict[int, tuple[int, str]] = {}
    for row in table.iter("tr"):
        cells: list[str] = []
        for cell in row.xpath("./td|./th"):
            _take_spanning(below, cells)
            text = node_text(cell)
            for _ in range(_span(cell, "colspan")):
                if (rows := _span(cell, "rowspan")) > 1:
                    below[len(cells)] = (rows - 1, text)
                cells.append(text)
        _take_spanning(below, cells)
        yield cells


def _take_spanning(below: dict[int, tuple[int, str]], cells: list[str]) -> None:
    while len(cells) in below:
        rows, text = below.pop(len(cells))
        if rows > 1:
            below[len(cells)] = (rows - 1, text)
        cells.append(text)


def _span(cell: Any, name: str) -> int:
    found = re.match(r"\d+", cell.get(name, "1").strip())
    return max(1, min(int(found[0]) if found else 1, _MAX_SPAN))
