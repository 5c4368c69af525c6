"""Ruled tables of a PDF page, with their cells, through pdfplumber.

Looking for tables costs many times what reading the text costs, so only pages with enough ruling are looked at.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import Any

from ingestion.items import Element
from ingestion.parsing.layout import HYPHENS, Line
from ingestion.parsing.tables import table_element

_MOST_PATHS = 4_000
_SHORTEST_RULE = 20.0
_BOX_SEGMENTS = 6
"""Of a path that draws one box; one of more may be a whole grid."""
_FILLED_SHARE = 0.3
_KEPT_SHARE = 0.9


def has_ruling(page: Any) -> bool:
    """Tell whether a page has lines or boxes enough for a table, and not so many that it is a drawing."""
    from pypdfium2 import raw

    rows = columns = 0
    paths = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=3)
    for count, path in enumerate(paths, 1):
        if count > _MOST_PATHS:
            return False
        left, bottom, right, top = path.get_bounds()
        wide, high = right - left > _SHORTEST_RULE, top - bottom > _SHORTEST_RULE / 2
        several = 2 if wide and high and raw.FPDFPath_CountSegments(path) > _BOX_SEGMENTS else 1
        rows += several * wide
        columns += several * high
    return rows > 1 and columns > 1


class TableFinder:
    """Finds the tables of one document; it is opened when the first page is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._document: Any = None

    def __enter__(self) -> TableFinder:
        return self

    def __exit__(self, *error: object) -> None:
        if self._document is not None:
            self._document.close()

    def with_tables(self, found: Sequence[Line], number: int) -> list[Line | Element]:
        """Return the lines of page `number` with those inside a table replaced by it, in place of the first.

        A table that would lose text, or is mostly empty, stays lines.
        """
        result: list[Line | Element] = list(found)
        for (left, bottom, right, top), rows in self._tables(number):
            inside = [line for line in found if _is_inside(line, left, bottom, right, top)]
            table = table_element(rows, number)
            if not inside or table is None or not _is_whole(rows, inside):
                continue
            place = next(index for index, one in enumerate(result) if one in inside)
            result = [one for one in result[:place]] + [table] + [one for one in result[place:] if one not in inside]
        return result

    def _tables(self, number: int) -> list[tuple[tuple[float, float, float, float], list[list[str | None]]]]:
        import pdfplumber

        if self._document is None:
            logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every odd font
            self._document = pdfplumber.open(io.BytesIO(self._data))
        page = self._document.pages[number - 1]
        try:
            return [
                ((x0, page.height - y1, x1, page.height - y0), table.extract())
                for table in page.find_tables()
                for x0, y0, x1, y1 in [table.bbox]
                if len(table.rows) > 1 and len(table.rows[0].cells) > 1
            ]
        finally:
            page.close()


def _is_inside(line: Line, left: float, bottom: float, right: float, top: float) -> bool:
    middle = (line.bottom + line.top) / 2
    return bottom <= middle <= top and left - 2 <= line.left and line.right <= right + 2


def _is_whole(rows: Sequence[Sequence[str | None]], inside: Sequence[Line]) -> bool:
    cells = [cell or "" for row in rows for cell in row]
    kept = sum(map(_letters, cells))
    filled = sum(bool(cell.strip()) for cell in cells)
    return kept >= _KEPT_SHARE * sum(_letters(line.text) for line in inside) and filled >= _FILLED_SHARE * len(cells)


def _letters(text: str) -> int:
    return sum(not char.isspace() and char not in HYPHENS for char in text)
