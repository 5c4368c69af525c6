"""The text layer of PDF files through pdfium; lines become paragraphs by the gaps between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed

HEADING_RATIO = 1.15
GAP_RATIO = 0.75


@dataclass(frozen=True)
class Line:
    """One line of text on a page; lengths in points, y grows upwards."""

    text: str
    top: float
    bottom: float
    page: int

    @property
    def height(self) -> float:
        """Height of its glyphs."""
        return self.top - self.bottom


def parse_pdf(data: bytes) -> Parsed:
    """Parse the text layer of a PDF.

    Raises:
        Unparseable: It is no PDF, needs a password, or has no text layer.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        kind = "encrypted" if "password" in str(error).lower() else "corrupt"
        raise Unparseable(kind, f"the PDF cannot be opened: {error}") from error
    try:
        lines = [line for number, page in enumerate(document, 1) for line in _lines(page, number)]
        about = {key: value for key, value in document.get_metadata_dict().items() if value}
        page_count = len(document)
    finally:
        document.close()
    if not lines:
        raise Unparseable("empty", f"none of its {page_count} pages has a text layer; it may be a scan")
    metadata = {"page_count": str(page_count)}
    if "Author" in about:
        metadata["author"] = about["Author"]
    return Parsed(tuple(paragraphs(lines)), title=about.get("Title"), metadata=metadata)


def _lines(page: Any, number: int) -> Iterator[Line]:
    """Yield the lines of one page: pdfium's rectangles, joined where they share a baseline."""
    text_page = page.get_textpage()
    current: Line | None = None
    for index in range(text_page.count_rects()):
        left, bottom, right, top = text_page.get_rect(index)
        text = " ".join(text_page.get_text_bounded(left, bottom, right, top).split())
        if not text:
            continue
        if current and abs(current.bottom - bottom) < 0.5 * max(current.height, 1):
            text, top, bottom = f"{current.text} {text}", max(current.top, top), min(current.bottom, bottom)
        elif current:
            yield current
        current = Line(text, top, bottom, number)
    if current:
        yield current


def paragraphs(lines: Sequence[Line]) -> Iterator[Element]:
    """Group lines into paragraphs and headings.

    A line clearly taller than the document's median is a heading; a gap wider than three quarters of a line,
    or a new page after a finished sentence, begins a paragraph.
    """
    usual = median(line.height for line in lines)
    block: list[Line] = []
    for line in lines:
        if block and _breaks(block[-1], line, usual):
            yield _element(block, usual)
            block = []
        block.append(line)
    yield _element(block, usual)


def _breaks(previous: Line, line: Line, usual: float) -> bool:
    if (previous.height > HEADING_RATIO * usual) != (line.height > HEADING_RATIO * usual):
        return True
    if previous.page != line.page:
        return previous.text.endswith((".", "?", "!", ":", "다"))
    gap = previous.bottom - line.top
    return gap > GAP_RATIO * usual or gap < -2 * usual


def _element(block: Sequence[Line], usual: float) -> Element:
    text = " ".join(line.text for line in block)
    is_heading = block[0].height > HEADING_RATIO * usual and len(text) <= 200
    if not is_heading:
        return Element("text", text, page=block[0].page)
    level = 1 if block[0].height > 1.6 * usual else 2
    return Element("heading", text, level=level, page=block[0].page)
