"""The one way a table is written as text: a line per row, cells between bars, the first line its header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingestion.errors import Unparseable
from ingestion.items import Element

MAX_CELLS = 1_000_000


def table_text(rows: Iterable[Sequence[str | None]]) -> str:
    """Return rows as lines; line breaks inside a cell become blanks, rows without any text are left out."""
    lines = (" | ".join(" ".join((cell or "").split()) for cell in row) for row in rows)
    return "\n".join(line for line in lines if line.strip(" |"))


def table_element(rows: Iterable[Sequence[str | None]], page: int | None = None) -> Element | None:
    """Return a table as an element, or None when no cell holds text."""
    text = table_text(rows)
    return Element("table", text, page=page) if text else None


def check_cells(count: int) -> None:
    """Refuse a table so large that nobody reads it as a document.

    Raises:
        Unparseable: It has more than `MAX_CELLS` cells.
    """
    if count > MAX_CELLS:
        raise Unparseable("too_large", f"it has {count} cells, the limit is {MAX_CELLS}; split the file")
