"""Workbooks."""

from __future__ import annotations

import io
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook

from corpus.media_types import XLSX
from ingestion.errors import Unparseable
from ingestion.items import Element
from ingestion.parsing import parse, tables
from ingestion.parsing.spreadsheets import shown


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook() -> Workbook:
    book = Workbook()
    book.properties.creator, book.properties.title, book.properties.keywords = "재무팀", "예산", "예산; 2026"
    sheet = book.active
    sheet.title = "예산"
    sheet.append(["2026년 예산", None, None])
    sheet.merge_cells("A1:C1")
    for row in (["부서", "항목", "금액"], ["개발", "장비", 1200], ["개발", "교육", 0.25], [None, None, None]):
        sheet.append(row)
    sheet.merge_cells("A3:A4")
    sheet["C3"].number_format, sheet["C4"].number_format = '#,##0"만원"', "0.0%"
    sheet.append(["주", "여러\n줄", date(2026, 9, 1)])
    book.create_sheet("빈 시트")
    return book


def test_parse_xlsx_keeps_sheets_blocks_merged_cells_and_formats() -> None:
    parsed = parse(saved(workbook()), XLSX)
    assert parsed.elements == (
        Element("heading", "예산", 1),
        Element("text", "2026년 예산"),
        Element("table", "부서 | 항목 | 금액\n개발 | 장비 | 1,200만원\n개발 | 교육 | 25.0%"),
        Element("table", "주 | 여러 줄 | 2026-09-01"),
    )
    assert parsed.title == "예산"
    assert (parsed.metadata["author"], parsed.metadata["tags"]) == ("재무팀", ["예산", "2026"])


def test_parse_xlsx_refuses_what_has_too_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_CELLS", 5)
    with pytest.raises(Unparseable, match="too_large"):
        parse(saved(workbook()), XLSX)


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (None, "General", ""),
        (True, "General", "TRUE"),
        (6900, "#,##0", "6,900"),
        (6900, "[$₩-412]#,##0", "₩6,900"),
        (0.5, "0%", "50%"),
        (3.14159, "0.00", "3.14"),
        (3.0, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (datetime(2026, 9, 1), "General", "2026-09-01"),
        (datetime(2026, 9, 1, 8, 30), "General", "2026-09-01 08:30"),
        (time(8, 30), "General", "08:30:00"),
        ("  text ", "@", "text"),
    ],
)
def test_shown_is_what_a_reader_of_the_sheet_sees(value: object, form: str, expected: str) -> None:
    assert shown(value, form) == expected
