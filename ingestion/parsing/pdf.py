"""PDF: the text layer through pdfium, ruled tables through pdfplumber, scanned pages through OCR."""

from __future__ import annotations

from typing import Any

from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed
from ingestion.parsing import about, ocr, pdf_text
from ingestion.parsing.layout import HEADING_RATIO, Line, paragraphs, without_running_heads
from ingestion.parsing.pdf_tables import TableFinder, has_ruling

_STAMP_LETTERS = 100
_NO_NAMES = ("untitled", "anonymous", "unspecified")
"""What programs write as title or author when nobody said one."""
_SCAN_SHARE = 0.5


def parse_pdf(data: bytes) -> Parsed:
    """Parse a PDF page by page; only pages without a legible text layer are recognised from their image.

    Raises:
        Unparseable: It is no PDF, needs a password, has no text, or needs OCR where there is none.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        kind = "encrypted" if "password" in str(error).lower() else "corrupt"
        raise Unparseable(kind, f"the PDF cannot be opened: {error}") from error
    try:
        metadata = _metadata(document)
        pages, recognised = _read_pages(document, data)
        title = _named(document.get_metadata_dict().get("Title"))
    finally:
        document.close()
    if not any(pages):
        raise Unparseable("empty", f"no text was found on any of its {len(pages)} pages, nor in their images")
    ratio = HEADING_RATIO
    if recognised:
        metadata |= {"ocr": ocr.engine(), "ocr_pages": recognised}
        ratio = ocr.HEADING_RATIO if 2 * len(recognised) > len(pages) else ratio
    return Parsed(tuple(paragraphs(without_running_heads(pages), ratio)), title=title, metadata=metadata)


def _read_pages(document: Any, data: bytes) -> tuple[list[list[Line | Element]], list[int]]:
    """Return what stands on each page, and the numbers of the pages that were recognised."""
    pages: list[list[Line | Element]] = []
    recognised = []
    with TableFinder(data) as tables:
        for number, page in enumerate(document, 1):
            lines = pdf_text.lines(page, number)
            seen = ocr.page_lines(page, number) if _is_scan(page, lines) else []
            if seen and (_letters(seen) > _letters(lines) or not pdf_text.is_legible(lines)):
                pages.append([*seen])
                recognised.append(number)
            else:
                pages.append(tables.with_tables(lines, number) if lines and has_ruling(page) else [*lines])
            page.close()
    return pages, recognised


def _is_scan(page: Any, lines: list[Line]) -> bool:
    """Tell a page whose text is in an image: next to no text layer, or an illegible one, under a large image."""
    if _letters(lines) > _STAMP_LETTERS and pdf_text.is_legible(lines):
        return False
    from pypdfium2 import raw

    width, height = page.get_size()
    images = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    bounds = [image.get_bounds() for image in images]
    covered: float = sum((right - left) * (top - bottom) for left, bottom, right, top in bounds)
    return bool(covered > (_SCAN_SHARE * width * height if lines else 0))


def _letters(lines: list[Line]) -> int:
    return sum(len(line.text) for line in lines)


def _metadata(document: Any) -> dict[str, Any]:
    said = document.get_metadata_dict()
    return about.metadata(
        author=_named(said.get("Author")),
        created_at=about.iso_date(said.get("CreationDate")),
        modified_at=about.iso_date(said.get("ModDate")),
        tags=about.tags(said.get("Keywords")),
        page_count=len(document),
    )


def _named(value: str | None) -> str | None:
    text = about.text_of(value)
    return None if text and text.strip("()").lower() in _NO_NAMES else text
