"""Word documents."""

from __future__ import annotations

import io
from datetime import datetime

import docx

from corpus.media_types import DOCX
from ingestion.parsing import parse


def document() -> bytes:
    word = docx.Document()
    word.core_properties.author = "김하늘"
    word.core_properties.title = "출장"
    word.core_properties.created = datetime(2026, 3, 1, 9)
    word.core_properties.modified = datetime(2026, 3, 2, 10)
    word.core_properties.keywords = "출장, 정산"
    word.core_properties.content_status = "Draft"
    word.add_heading("출장비 정산", 1)
    word.add_paragraph("영수증은 30일 안에 냅니다.")
    word.add_paragraph("Hotel", style="List Bullet")
    word.add_paragraph("Train", style="List Bullet")
    table = word.add_table(3, 2)
    table.cell(1, 0).merge(table.cell(2, 0))
    for row, column, text in ((0, 0, "항목"), (0, 1, "한도"), (1, 0, "식비"), (1, 1, "50,000\n원"), (2, 1, "72유로")):
        table.cell(row, column).text = text
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def test_parse_docx_keeps_headings_lists_and_tables() -> None:
    assert [(element.kind, element.text) for element in parse(document(), DOCX).elements] == [
        ("heading", "출장비 정산"),
        ("text", "영수증은 30일 안에 냅니다."),
        ("text", "- Hotel\n- Train"),
        ("table", "항목 | 한도\n식비 | 50,000 원\n식비 | 72유로"),
    ]


def test_parse_docx_reads_its_properties() -> None:
    parsed = parse(document(), DOCX)
    assert parsed.title == "출장"
    assert parsed.metadata == {
        "author": "김하늘",
        "created_at": "2026-03-01T09:00:00+00:00",
        "modified_at": "2026-03-02T10:00:00+00:00",
        "tags": ["출장", "정산"],
        "publication_state": "draft",
        "page_count": 1,
    }
