"""PDF files from manuscripts: plain pages, two columns, and pages that are only images, as a scanner gives."""

from __future__ import annotations

import importlib.util
import io
import os
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from manuscript import Block, Document
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

MARGIN = 23 * mm
GUTTER = 8 * mm
SCAN_DPI = 300
BULLET = "•"


def build_pdf(document: Document, blocks: list[Block], fonts: Path | None) -> bytes:
    """Set a manuscript on A4 pages with a text layer and, for Korean, an embedded font."""
    buffer = io.BytesIO()
    pages = NumberedPages(buffer, **page_options(document, blocks))
    pages.build(set_blocks(document, blocks, fonts))
    return buffer.getvalue()


def build_two_columns(document: Document, blocks: list[Block], fonts: Path | None) -> bytes:
    """Set a manuscript in two columns, as reports and papers are."""
    buffer = io.BytesIO()
    pages = BaseDocTemplate(buffer, **page_options(document, blocks))
    width = (A4[0] - 2 * MARGIN - GUTTER) / 2
    frames = [Frame(x, MARGIN, width, A4[1] - 2 * MARGIN, 0, 0, 0, 0) for x in (MARGIN, MARGIN + width + GUTTER)]
    pages.addPageTemplates([PageTemplate(frames=frames)])
    pages.build(set_blocks(document, blocks, fonts))
    return buffer.getvalue()


def build_scan(document: Document, blocks: list[Block], fonts: Path | None) -> bytes:
    """Set a manuscript and keep nothing but black and white images of its pages."""
    import pypdfium2

    set_pages = pypdfium2.PdfDocument(build_pdf(document, blocks, fonts))
    greys = [page.render(scale=SCAN_DPI / 72, grayscale=True).to_pil() for page in set_pages]
    images = [grey.point(lambda value: 255 * (value > 190)).convert("1") for grey in greys]
    moment = document.published.replace(tzinfo=UTC).timetuple()
    buffer = io.BytesIO()
    images[0].save(
        buffer, "PDF", resolution=SCAN_DPI, save_all=True, append_images=images[1:], producer="Haneul Works",
        creationDate=moment, modDate=moment,
    )  # fmt: skip
    return buffer.getvalue()


def page_options(document: Document, blocks: list[Block]) -> dict[str, Any]:
    """Return what ReportLab should know of a document; its date can only be chosen through the environment."""
    epoch = document.published.replace(tzinfo=UTC).timestamp()
    os.environ["SOURCE_DATE_EPOCH"] = str(int(epoch))
    return {
        "pagesize": A4, "leftMargin": MARGIN, "rightMargin": MARGIN, "topMargin": MARGIN, "bottomMargin": MARGIN,
        "title": blocks[0].text, "author": document.author, "creator": "Haneul Works", "subject": "",
        "keywords": list(document.tags), "lang": document.language, "invariant": 1,
    }  # fmt: skip


def set_blocks(document: Document, blocks: list[Block], fonts: Path | None) -> list[Flowable]:
    """Turn a manuscript into what ReportLab lays out, in a font that has its letters."""
    regular, bold = ("Helvetica", "Helvetica-Bold")
    if document.language.startswith("ko"):
        regular, bold = register_nanum(fonts or nanum_folder())
    return [flowable for block in blocks for flowable in set_block(block, regular, bold)]


class NumberedPages(SimpleDocTemplate):
    """Pages whose number stands at the foot, and so last in the text layer too."""

    def afterPage(self) -> None:
        """Write the number of the page that has just been filled."""
        self.canv.setFont("Helvetica", 8)
        self.canv.drawRightString(A4[0] - MARGIN, 12 * mm, str(self.canv.getPageNumber()))


def nanum_folder() -> Path:
    """Find the installed font; looking does not import its package, which would want Matplotlib."""
    package = importlib.util.find_spec("koreanize_matplotlib")
    if package is None or package.origin is None:
        raise SystemExit("Nanum Gothic not found: see the first lines of this script.")
    return Path(package.origin).parent / "fonts"


@cache
def register_nanum(folder: Path) -> tuple[str, str]:
    """Make Nanum Gothic known to ReportLab; return the names of its regular and bold faces.

    ReportLab keeps the first font of a name for good, so it gets the letters of all manuscripts at once; it
    embeds only those a document uses.
    """
    manuscripts = Path(__file__).resolve().parent / "manuscripts"
    text = BULLET + "".join(path.read_text("utf-8") for path in sorted(manuscripts.glob("*-ko.md")))
    faces = ("NanumGothic", "NanumGothicBold")
    for face in faces:
        pdfmetrics.registerFont(TTFont(face, cut_font(folder / f"{face}.ttf", text)))
    return faces


def cut_font(path: Path, text: str) -> io.BytesIO:
    """Keep the glyphs of a text, without the hinting, which is more than half of a Korean font."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont as FontFile

    font = FontFile(path, recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[])
    options.drop_tables += ["kern", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]
    subsetter = Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    cut = io.BytesIO()
    font.save(cut)
    cut.seek(0)
    return cut


def set_block(block: Block, regular: str, bold: str) -> list[Flowable]:
    """Turn a block of a manuscript into what ReportLab lays out."""
    body = ParagraphStyle("body", fontName=regular, fontSize=10, leading=15, spaceAfter=6)
    if block.kind == "heading":
        size = {1: 18, 2: 13}[block.level]
        style = ParagraphStyle("head", fontName=bold, fontSize=size, leading=size * 1.4,
                               spaceBefore=8, spaceAfter=6, keepWithNext=1)  # fmt: skip
        return [Paragraph(escape(block.text), style)]
    if block.kind == "table":
        return [set_table(block.rows, regular, bold), Spacer(1, 8)]
    if block.kind == "paragraph":
        return [Paragraph(escape(block.text), body)]
    item = ParagraphStyle("item", parent=body, leftIndent=16, bulletFontName=regular, spaceAfter=3)
    marks = [f"{n}." if block.kind == "numbers" else BULLET for n in range(1, len(block.rows) + 1)]
    return [Paragraph(escape(row[0]), item, bulletText=mark) for mark, row in zip(marks, block.rows, strict=True)]


def set_table(rows: list[list[str]], regular: str, bold: str) -> Table:
    """Lay out a ruled table whose header row is repeated on a new page."""
    table = Table(rows, repeatRows=1, hAlign="LEFT")
    table.setStyle(TableStyle([
        ("FONT", (0, 0), (-1, 0), bold, 9.5),
        ("FONT", (0, 1), (-1, -1), regular, 9.5),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]))  # fmt: skip
    return table
