"""PDF: text, columns, tables, turned pages, scanned pages among others."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table

from ingestion.errors import Unparseable
from ingestion.items import Element
from ingestion.parsing import ocr, pdf_text
from ingestion.parsing.layout import Line
from ingestion.parsing.pdf import parse_pdf

ROWS = [["Plan", "Price"], ["Team", "EUR 6\na month"], ["Business", "EUR 12"]]


def pdf(*pages: Callable[[Canvas], Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, **options)
    canvas.setTitle("Policy")
    for draw in pages:
        canvas.setFont("Helvetica", 11)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def write(canvas: Canvas, x: float, y: float, *lines: str) -> None:
    for number, text in enumerate(lines):
        canvas.drawString(x, y - 14 * number, text)


def text_page(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 20)
    write(canvas, 72, 760, "Security policy")
    canvas.setFont("Helvetica", 11)
    write(canvas, 72, 730, "Laptops are locked after five", "minutes without use.")
    write(canvas, 72, 680, "Keys rotate monthly.")


def table_page(canvas: Canvas) -> None:
    write(canvas, 72, 760, "Prices are these.")
    table = Table(ROWS, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")])
    table.wrapOn(canvas, 400, 400)
    table.drawOn(canvas, 72, 640)
    write(canvas, 72, 600, "They may change.")


def scan_page(canvas: Canvas) -> None:
    image = Image.new("L", (1240, 1754), 255)
    ImageDraw.Draw(image).text((120, 200), "The spare key is in the blue box.", fill=0, font_size=48)
    canvas.drawImage(ImageReader(image), 0, 0, *A4)


def columns_page(canvas: Canvas) -> None:
    write(canvas, 72, 760, "Left one", "left two.")
    write(canvas, 320, 760, "Right one", "right two.")


def test_parse_pdf_finds_headings_paragraphs_pages_and_metadata() -> None:
    parsed = parse_pdf(pdf(text_page, lambda canvas: write(canvas, 72, 760, "Visitors sign in.")))
    assert parsed.elements == (
        Element("heading", "Security policy", 1, 1),
        Element("text", "Laptops are locked after five minutes without use.", page=1),
        Element("text", "Keys rotate monthly.", page=1),
        Element("text", "Visitors sign in.", page=2),
    )
    assert parsed.title == "Policy"
    assert parsed.metadata == {
        "created_at": "2000-01-01T00:00:00+00:00", "modified_at": "2000-01-01T00:00:00+00:00", "page_count": 2,
    }  # fmt: skip


def test_columns_are_read_one_after_the_other() -> None:
    assert [element.text for element in parse_pdf(pdf(columns_page)).elements] == [
        "Left one left two.", "Right one right two.",
    ]  # fmt: skip


def test_a_ruled_table_has_its_cells_and_comes_once() -> None:
    assert parse_pdf(pdf(table_page)).elements == (
        Element("text", "Prices are these.", page=1),
        Element("table", "Plan | Price\nTeam | EUR 6 a month\nBusiness | EUR 12", page=1),
        Element("text", "They may change.", page=1),
    )


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page_reads_like_an_upright_one(rotation: int) -> None:
    def draw(canvas: Canvas) -> None:
        width, height = A4
        canvas.setPageRotation(rotation)
        canvas.translate(*{0: (0, 0), 90: (width, 0), 180: (width, height), 270: (0, height)}[rotation])
        canvas.rotate(rotation)
        table_page(canvas)

    assert [(element.kind, element.text) for element in parse_pdf(pdf(draw)).elements] == [
        ("text", "Prices are these."),
        ("table", "Plan | Price\nTeam | EUR 6 a month\nBusiness | EUR 12"),
        ("text", "They may change."),
    ]


def test_only_pages_without_text_are_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def recognise(page: Any, number: int) -> list[Line]:
        asked.append(number)
        return [Line("Seen in the image.", 0, 0, 90, 10, number, 10)]

    monkeypatch.setattr(ocr, "page_lines", recognise)
    monkeypatch.setattr(ocr, "engine", lambda: "tesseract-0")
    parsed = parse_pdf(pdf(text_page, scan_page))
    assert asked == [2]
    assert parsed.elements[-1] == Element("text", "Seen in the image.", page=2)
    assert (parsed.metadata["ocr"], parsed.metadata["ocr_pages"]) == ("tesseract-0", [2])


def test_a_stamp_on_a_scan_does_not_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def stamped(canvas: Canvas) -> None:
        scan_page(canvas)
        write(canvas, 72, 20, "Scanned")

    lines = [Line("Much more is in the image.", 0, 0, 90, 10, 1, 10)]
    monkeypatch.setattr(ocr, "page_lines", lambda page, number: lines)
    monkeypatch.setattr(ocr, "engine", lambda: "tesseract-0")
    assert [element.text for element in parse_pdf(pdf(stamped)).elements] == ["Much more is in the image."]
    lines.clear()
    assert [element.text for element in parse_pdf(pdf(stamped)).elements] == ["Scanned"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf(lambda canvas: None), "empty"),
        (pdf(text_page, encrypt=StandardEncryption("secret")), "encrypted"),
        (b"%PDF-1.7 broken", "corrupt"),
    ],
)
def test_parse_pdf_says_why_it_refuses(data: bytes, reason: str) -> None:
    with pytest.raises(Unparseable) as refusal:
        parse_pdf(data)
    assert refusal.value.kind == reason


def test_glyphs_without_meaning_are_no_text_layer() -> None:
    assert pdf_text.is_legible([Line("글자 letters", 0, 0, 1, 1, 1, 1)])
    assert not pdf_text.is_legible([Line("\ue001\ue002\x03 a", 0, 0, 1, 1, 1, 1)])
