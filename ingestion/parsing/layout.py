"""From lines on pages to paragraphs and headings; the same for a text layer and for recognised text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ingestion.items import Element

HEADING_RATIO = 1.15
GAP_RATIO = 0.75
HYPHENS = ("\ufffe", "\x02", "\u00ad")
"""What pdfium puts where a word was hyphenated at the end of a line."""
_SENTENCE_END = (".", "?", "!", ":", "다", "。", "요")
_ITEM = re.compile(r"([•◦▪‣·○●■□※∙–-]|\(?\d{1,2}[.)]|[①-⑳]|[가-하]\.)\s")
_LONGEST_HEADING = 200
_FEWEST_PAGES = 3
_Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Line:
    """One line of text on a page; lengths in points, y grows upwards.

    Attributes:
        size: Of its font, or something as good for comparing lines.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    page: int
    size: float

    @property
    def height(self) -> float:
        """Height of its glyphs."""
        return self.top - self.bottom


def paragraphs(found: Sequence[Line | Element], heading_ratio: float = HEADING_RATIO) -> Iterator[Element]:
    """Group lines into paragraphs and headings; what is an element already stays in its place.

    A line in clearly larger letters than the document's median is a heading. A gap wider than three quarters of
    a line begins a paragraph, and so does, after a finished sentence, an indented line, a new column or a page.
    """
    sizes = [line.size for line in found if isinstance(line, Line)]
    tall = heading_ratio * median(sizes) if sizes else 0.0
    usual = median([line.height for line in found if isinstance(line, Line)] or [0.0])
    block: list[Line] = []
    for one in found:
        if block and (isinstance(one, Element) or _breaks(block, one, tall, usual)):
            yield _element(block, tall, heading_ratio)
            block = []
        if isinstance(one, Element):
            yield one
        else:
            block.append(one)
    if block:
        yield _element(block, tall, heading_ratio)


def _breaks(block: Sequence[Line], line: Line, tall: float, usual: float) -> bool:
    previous = block[-1]
    if (previous.size > tall) != (line.size > tall):
        return True
    gap = previous.bottom - line.top
    height = max(usual, min(previous.height, line.height))
    is_moved = previous.page != line.page or gap < -2 * height
    edge = min(one.left for one in block[1:] or block)
    is_indented = line.left - edge > 0.7 * height and not _ITEM.match(block[0].text)
    if is_moved or is_indented:
        return previous.text.endswith(_SENTENCE_END)
    return gap > GAP_RATIO * height


def _element(block: Sequence[Line], tall: float, ratio: float) -> Element:
    text = _join(block)
    letters = sum(map(str.isalpha, text))
    if block[0].size <= tall or len(text) > _LONGEST_HEADING or 2 * letters < len(text.replace(" ", "")):
        return Element("text", text, page=block[0].page)
    level = 1 if block[0].size > 1.6 * tall / ratio else 2
    return Element("heading", text.replace("\n", " "), level=level, page=block[0].page)


def _join(block: Sequence[Line]) -> str:
    """Join lines by blanks; hyphenated words are made whole, items of a list keep lines of their own."""
    text = ""
    for line in block:
        if text.endswith(HYPHENS):
            text = text[:-1] + line.text
        else:
            text += ("\n" if _ITEM.match(line.text) else " ") + line.text
    return text.strip().rstrip("".join(HYPHENS))


def without_running_heads(pages: Sequence[Sequence[Line | Element]]) -> list[Line | Element]:
    """Return the lines of all pages without page numbers, and with headers and footers only where they come first.

    A first or last line of a page is one of those if it stands at the same height on more than half the pages of
    a document of at least three, word for word or counting with the pages. On shorter documents only a line
    that is nothing but the number of its page goes.
    """
    edges = [[page[place] for place in {0, len(page) - 1}] if page else [] for page in pages]
    counted = Counter(key for lines in edges for line in lines for key in _keys(line))
    kept: list[Line | Element] = []
    seen: set[str] = set()
    for page, lines in zip(pages, edges, strict=True):
        for one in page:
            if not isinstance(one, Line) or one not in lines or not _is_running(one, counted, len(pages)):
                kept.append(one)
            elif 2 * counted[one.text, _height(one)] > len(pages) and one.text not in seen:
                seen.add(one.text)
                kept.append(one)
    return kept


def _is_running(line: Line, counted: Counter[_Key], pages: int) -> bool:
    if re.fullmatch(rf"\W*{line.page}\W*", line.text):
        return True
    return pages >= _FEWEST_PAGES and any(2 * counted[key] > pages for key in _keys(line))


def _keys(line: Line | Element) -> Iterator[_Key]:
    """Yield what a running head has in common with those of other pages."""
    if isinstance(line, Line):
        yield line.text, _height(line)
        for position, number in enumerate(re.findall(r"\d{1,6}", line.text)):
            yield re.sub(r"\d+", "#", line.text), _height(line), position, int(number) - line.page


def _height(line: Line) -> int:
    return round(line.bottom / 4)
