"""Excel: a sheet is a heading, every block of filled cells a table; numbers are shown as Excel shows them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from ingestion.items import Element, Parsed
from ingestion.parsing import about
from ingestion.parsing.office import core_metadata
from ingestion.parsing.tables import check_cells, table_element

_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")
_DECIMALS = re.compile(r"0\.(0+)")


def parse_xlsx(data: bytes) -> Parsed:
    """Parse a workbook: values as they were last calculated, merged cells repeated in all they span.

    Raises:
        Unparseable: It has too many cells.
    """
    from openpyxl import load_workbook

    check_cells(_count_cells(data))
    workbook = load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
    elements: list[Element] = []
    for sheet in workbook.worksheets:
        content = list(_sheet_elements(sheet))
        elements += [Element("heading", sheet.title, level=1), *content] if content else []
    properties = workbook.properties
    return Parsed(tuple(elements), title=about.text_of(properties.title), metadata=core_metadata(properties))


def _count_cells(data: bytes) -> int:
    """Count cells before openpyxl, which needs about fifty times their size, reads them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        return sum(sum(1 for _ in _CELL.finditer(archive.read(name))) for name in sheets)


def _sheet_elements(sheet: Any) -> Iterator[Element]:
    spans = {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }
    rows = [[_shown_at(sheet, cell, spans) for cell in row] for row in sheet.iter_rows()]
    for is_filled, block in groupby(rows, key=any):
        if is_filled:
            yield from _block_elements(list(block))


def _shown_at(sheet: Any, cell: Any, spans: dict[tuple[int, int], tuple[int, int]]) -> str:
    origin = spans.get((cell.row, cell.column))
    source = sheet.cell(*origin) if origin else cell
    return shown(source.value, source.number_format)


def _block_elements(rows: Sequence[Sequence[str]]) -> Iterator[Element]:
    """Yield a block's table; lines above and below it that say one thing only are text."""
    used = [index for index in range(len(rows[0])) if any(row[index] for row in rows)]
    cut = [[row[index] for index in used] for row in rows]
    for is_table, group in groupby(cut, key=lambda row: len(set(filter(None, row))) > 1 or len(used) == 1):
        lines = list(group)
        if is_table and len(used) > 1:
            yield from filter(None, [table_element(lines)])
        else:
            yield Element("text", "\n".join(dict.fromkeys(_first(line) for line in lines)))


def _first(cells: Iterable[str]) -> str:
    return next(filter(None, cells), "")


def shown(value: object, number_format: str = "General") -> str:
    """Return a cell's value as text: days in ISO 8601, percentages, thousands and units as formatted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, timedelta):
        return _number(value, number_format.split(";")[0])
    return str(value).strip()


def _number(value: float, form: str) -> str:
    found = _DECIMALS.search(form)
    decimals = len(found[1]) if found else 0
    before, _, after = re.sub(r"[0#][0#,.%]*", "\x00", form, count=1).partition("\x00")
    prefix, suffix = _literals(before), _literals(after)
    if "%" in form:
        return f"{value:.{decimals}%}"
    if "," in form:
        return f"{prefix}{value:,.{decimals}f}{suffix}"
    if found:
        return f"{prefix}{value:.{decimals}f}{suffix}"
    return f"{prefix}{int(value) if value == int(value) else round(value, 10)}{suffix}"


def _literals(part: str) -> str:
    """Return the text a number format puts around the number: quoted, or a currency in brackets."""
    return "".join(quoted or currency for quoted, currency in re.findall(r'"([^"]*)"|\[\$([^\]-]*)[^\]]*\]', part))
