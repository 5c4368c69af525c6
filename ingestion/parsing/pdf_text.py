"""The text layer of a PDF page as lines, upright also where the page is turned."""

from __future__ import annotations

import unicodedata
from statistics import median
from typing import Any

from ingestion.parsing.layout import Line

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top."""

_ILLEGIBLE_SHARE = 0.3


def lines(page: Any, number: int) -> list[Line]:
    """Return the lines of one page: pdfium's rectangles, joined where they share a baseline.

    The text of a line is read from its whole extent at once, so that pdfium decides where words end.
    """
    text_page = page.get_textpage()
    rotation, box = page.get_rotation(), page.get_mediabox()
    groups: list[tuple[Rectangle, Rectangle]] = []  # as on the page, and upright
    for index in range(text_page.count_rects()):
        rectangle = text_page.get_rect(index)
        placed = upright(rectangle, box, rotation)
        if groups and _continues(groups[-1][1], placed):
            groups[-1] = _union(groups[-1][0], rectangle), _union(groups[-1][1], placed)
        else:
            groups.append((rectangle, placed))
    found = []
    for rectangle, placed in groups:
        if text := " ".join(text_page.get_text_bounded(*rectangle).split()):
            found.append(Line(text, *placed, number, _size(text_page, rectangle, box, rotation)))
    return found


def _continues(last: Rectangle, following: Rectangle) -> bool:
    """Tell whether a rectangle stands to the right of the last on the same baseline."""
    shared = min(last[3], following[3]) - max(last[1], following[1])
    flatter = min(last[3] - last[1], following[3] - following[1])
    return following[0] >= last[0] and shared > 0.5 * max(flatter, 0.1)


def _union(one: Rectangle, other: Rectangle) -> Rectangle:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _size(text_page: Any, rectangle: Rectangle, box: Rectangle, rotation: int) -> float:
    """Return the height of a line's font, which does not depend on its letters: the median of three of them.

    One would not do, because mathematical symbols come from far taller fonts than the text around them.
    """
    left, bottom, right, top = rectangle
    sizes = []
    for place in (0.1, 0.5, 0.9):
        x, y = left + place * (right - left), bottom + place * (top - bottom)
        character = text_page.get_index(x, y, (right - left) / 2 + 1, (top - bottom) / 2 + 1)
        extent = rectangle if character is None else text_page.get_charbox(character, loose=True)
        _, low, _, high = upright(extent, box, rotation)
        sizes.append(high - low)
    return median(sizes)


def upright(rectangle: Rectangle, box: Rectangle, rotation: int) -> Rectangle:
    """Return left, bottom, right, top as a reader sees them, from the page's lower left corner.

    Args:
        rectangle: In the page's own coordinates.
        box: The page's media box.
        rotation: How far a viewer turns the page clockwise, in degrees.
    """
    left, bottom, right, top = rectangle
    x0, y0, x1, y1 = box
    if rotation == 90:
        return bottom - y0, x1 - right, top - y0, x1 - left
    if rotation == 180:
        return x1 - right, y1 - top, x1 - left, y1 - bottom
    if rotation == 270:
        return y1 - top, left - x0, y1 - bottom, right - x0
    return left - x0, bottom - y0, right - x0, top - y0


def is_legible(found: list[Line]) -> bool:
    """Tell a text layer one can read from glyphs without meaning, as some fonts leave behind."""
    text = "".join(line.text for line in found)
    strange = sum(unicodedata.category(char) in ("Cc", "Cn", "Co") or char == "\ufffd" for char in text)
    return strange <= _ILLEGIBLE_SHARE * len(text)
