"""Word, PowerPoint and Excel files from manuscripts."""

from __future__ import annotations

import io
import re
from datetime import datetime

import docx
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from manuscript import Block, Document, with_fixed_dates
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from pptx import Presentation
from pptx.slide import Slide
from pptx.util import Emu, Inches

NOTES = "Notes: "
"""What a paragraph begins with that the speaker says and the slide does not show."""


def build_docx(document: Document, blocks: list[Block]) -> bytes:
    """Set a manuscript with Word's own heading, list and table styles."""
    word = docx.Document()
    style = word.styles["Normal"]
    style.font.name = "Calibri"
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Malgun Gothic")
    for block in blocks:
        if block.kind == "heading":
            word.add_heading(block.text, level=block.level)
        elif block.kind == "table":
            add_word_table(word, block.rows)
        else:
            named = {"bullets": "List Bullet", "numbers": "List Number", "paragraph": "Normal"}
            for row in block.rows:
                word.add_paragraph(row[0], style=named[block.kind])
    properties = word.core_properties
    properties.title = blocks[0].text
    properties.author = properties.last_modified_by = document.author
    properties.language, properties.comments = document.language, ""
    properties.created = properties.modified = document.published
    buffer = io.BytesIO()
    word.save(buffer)
    return with_fixed_dates(buffer.getvalue(), document.published)


def add_word_table(word: WordDocument, rows: list[list[str]]) -> None:
    """Add a table whose first row is marked as its header."""
    table = word.add_table(rows=len(rows), cols=len(rows[0]), style="Light Grid Accent 1")
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            cell.text = text
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def build_pptx(document: Document, blocks: list[Block]) -> bytes:
    """Set a manuscript as slides: each heading begins one."""
    deck = Presentation()
    slide: Slide | None = None
    for block in blocks:
        if block.kind == "heading":
            slide = deck.slides.add_slide(deck.slide_layouts[5 if block.level > 1 else 0])
            slide.shapes.title.text = block.text
        elif slide is not None:
            add_to_slide(slide, block)
    properties = deck.core_properties
    properties.title, properties.author = blocks[0].text, document.author
    properties.last_modified_by = document.author
    properties.created = properties.modified = document.published
    properties.keywords = ", ".join(document.tags)
    buffer = io.BytesIO()
    deck.save(buffer)
    return with_fixed_dates(buffer.getvalue(), document.published)


def add_to_slide(slide: Slide, block: Block) -> None:
    """Put a block below what the slide holds already; on a title slide, into the subtitle."""
    if block.kind == "paragraph" and block.text.startswith(NOTES):
        slide.notes_slide.notes_text_frame.text = block.text.removeprefix(NOTES)
    elif block.kind == "table":
        top = Inches(2 + 1.5 * (len(slide.shapes) - 1))
        frame = slide.shapes.add_table(len(block.rows), len(block.rows[0]), Inches(0.6), top, Inches(8.8), Inches(1))
        for cells, row in zip(frame.table.rows, block.rows, strict=True):
            for cell, text in zip(cells.cells, row, strict=True):
                cell.text = text
    elif len(slide.placeholders) > 1:
        slide.placeholders[1].text = block.text
    else:
        top: Emu = Inches(1.6 + 1.5 * (len(slide.shapes) - 1))
        frame = slide.shapes.add_textbox(Inches(0.6), top, Inches(8.8), Inches(1.4)).text_frame
        frame.text = "\n".join(row[0] for row in block.rows)


def build_xlsx(document: Document, blocks: list[Block]) -> bytes:
    """Set a manuscript as a workbook: each second-level heading is a sheet."""
    book = Workbook()
    book.remove(book.active)
    sheet: Worksheet | None = None
    for block in blocks[1:]:
        if block.kind == "heading":
            sheet = book.create_sheet(block.text)
        elif sheet is not None:
            for row in block.rows:
                sheet.append([cell_value(text) for text in row])
            if block.kind == "table":
                merge_repeated(sheet, sheet.max_row - len(block.rows) + 2)
            sheet.append([])
    properties = book.properties
    properties.title, properties.creator = blocks[0].text, document.author
    properties.keywords = ", ".join(document.tags)
    properties.created = document.published
    buffer = io.BytesIO()
    book.save(buffer)
    return with_fixed_dates(buffer.getvalue(), document.published)


def cell_value(text: str) -> str | int | datetime:
    """Return a cell as Excel would hold it: numbers and days are no text."""
    if re.fullmatch(r"\d+", text):
        return int(text)
    return datetime.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text


def merge_repeated(sheet: Worksheet, first: int) -> None:
    """Merge cells of the first column that repeat the one above, as people do in Excel."""
    start = first
    for row in range(first + 1, sheet.max_row + 2):
        if row > sheet.max_row or sheet.cell(row, 1).value != sheet.cell(start, 1).value:
            if row - start > 1:
                sheet.merge_cells(start_row=start, end_row=row - 1, start_column=1, end_column=1)
            start = row
