"""Presentations."""

from __future__ import annotations

import io

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from corpus.media_types import PPTX
from ingestion.items import Element
from ingestion.parsing import parse


def deck() -> bytes:
    slides = Presentation()
    slides.core_properties.title, slides.core_properties.author = "계획", "한지우"
    first = slides.slides.add_slide(slides.slide_layouts[1])
    first.shapes.title.text = "분기 계획"
    frame = first.placeholders[1].text_frame
    frame.text = "첫째 목표"
    below = frame.add_paragraph()
    below.text, below.level = "하위 항목", 1
    first.notes_slide.notes_text_frame.text = "천천히 말한다."
    second = slides.slides.add_slide(slides.slide_layouts[5])
    second.shapes.title.text = "Costs"
    table = second.shapes.add_table(2, 3, Inches(1), Inches(3), Inches(4), Inches(1)).table
    for index, text in enumerate(("", "a\nb", "x", "1", "2", "3")):
        table.cell(index // 3, index % 3).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1)).text_frame.text = "In a group"
    chart = CategoryChartData()
    chart.categories = ["서울", "리스본"]
    chart.add_series("인원", (3, 4))
    second.shapes.add_chart(XL_CHART_TYPE.PIE, Inches(1), Inches(5), Inches(2), Inches(2), chart)
    buffer = io.BytesIO()
    slides.save(buffer)
    return buffer.getvalue()


def test_parse_pptx_keeps_slides_lists_tables_charts_and_notes() -> None:
    elements = parse(deck(), PPTX).elements
    assert elements[:4] == (
        Element("heading", "분기 계획", 1, 1),
        Element("text", "- 첫째 목표\n  - 하위 항목", page=1),
        Element("heading", "Notes", 2, 1),
        Element("text", "천천히 말한다.", page=1),
    )
    assert elements[4] == Element("heading", "Costs", 1, 2)
    assert set(elements[5:]) == {
        Element("text", "In a group", page=2),
        Element("table", " | a b x | a b x\n1 | 2 | 3", page=2),
        Element("table", " | 인원\n서울 | 3.0\n리스본 | 4.0", page=2),
    }


def test_parse_pptx_reads_its_properties() -> None:
    parsed = parse(deck(), PPTX)
    assert parsed.title == "계획"
    assert (parsed.metadata["author"], parsed.metadata["page_count"]) == ("한지우", 2)
