"""PowerPoint: a slide is a page, its title a heading; tables and the speaker's notes are kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from ingestion.items import Element, Parsed
from ingestion.parsing import about
from ingestion.parsing.office import core_metadata
from ingestion.parsing.tables import table_element

_TITLE_LEVEL, _NOTES_LEVEL = 1, 2
NOTES = "Notes"


def parse_pptx(data: bytes) -> Parsed:
    """Parse a presentation in the order of its slides."""
    from pptx import Presentation

    presentation = Presentation(io.BytesIO(data))
    elements = [
        element for number, slide in enumerate(presentation.slides, 1) for element in _slide_elements(slide, number)
    ]
    found = core_metadata(presentation.core_properties) | {"page_count": len(presentation.slides)}
    return Parsed(tuple(elements), title=about.text_of(presentation.core_properties.title), metadata=found)


def _slide_elements(slide: Any, page: int) -> Iterator[Element]:
    title = slide.shapes.title
    if title is not None and (text := about.text_of(title.text_frame.text)):
        yield Element("heading", text, level=_TITLE_LEVEL, page=page)
    for shape in sorted(_shapes(slide.shapes), key=lambda shape: (shape.top or 0, shape.left or 0)):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape_elements(shape, page)
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) and frame.text.strip():
        yield Element("heading", NOTES, level=_NOTES_LEVEL, page=page)
        yield Element("text", frame.text.replace("\v", "\n").strip(), page=page)


def _shapes(shapes: Any) -> Iterator[Any]:
    """Yield shapes with what is in groups, which have no text of their own."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _shape_elements(shape: Any, page: int) -> Iterator[Element]:
    if getattr(shape, "has_table", False):
        table = table_element([_cells(row) for row in shape.table.rows], page)
        yield from filter(None, [table])
    elif getattr(shape, "has_chart", False):
        yield from filter(None, [table_element(_chart_rows(shape.chart), page)])
    elif shape.has_text_frame and (text := "\n".join(_paragraphs(shape.text_frame))):
        yield Element("text", text, page=page)


def _cells(row: Any) -> list[str]:
    """Return a row's texts; what a merged cell spans repeats its text."""
    texts: list[str] = []
    for cell in row.cells:
        texts.append(texts[-1] if cell.is_spanned and texts and not cell.text else cell.text)
    return texts


def _paragraphs(frame: Any) -> Iterator[str]:
    """Yield a frame's paragraphs; several of them are a list, indented by level."""
    paragraphs = [paragraph for paragraph in frame.paragraphs if paragraph.text.strip()]
    for paragraph in paragraphs:
        marker = "  " * paragraph.level + "- " if len(paragraphs) > 1 else ""
        yield marker + " ".join(paragraph.text.split())


def _chart_rows(chart: Any) -> Iterator[list[str]]:
    """Yield a chart's numbers: a row per category, a column per series."""
    series = [one for plot in chart.plots for one in plot.series]
    yield ["", *(one.name for one in series)]
    for index, category in enumerate(chart.plots[0].categories):
        yield [str(category), *(str(one.values[index]) if index < len(one.values) else "" for one in series)]
