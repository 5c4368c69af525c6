"""Word documents through `unstructured`, offline."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from ingestion.items import Element, Parsed
from ingestion.parsing import about, markup, markup_tables
from ingestion.parsing.office import core_metadata, page_count
from ingestion.parsing.tables import table_element

_NUMBERED = re.compile(r"\d+[.)]\s")
_FRAME = ("Header", "Footer", "PageBreak", "PageNumber")


def parse_docx(data: bytes) -> Parsed:
    """Parse a Word document; headings come from its styles, the metadata from its properties."""
    _prepare_unstructured()
    import docx
    from unstructured.partition.docx import partition_docx

    properties = docx.Document(io.BytesIO(data)).core_properties
    found = core_metadata(properties) | about.metadata(page_count=page_count(data))
    elements = tuple(_elements(partition_docx(file=io.BytesIO(data))))
    return Parsed(elements, title=about.text_of(properties.title), metadata=found)


@cache
def _prepare_unstructured() -> None:
    """Keep unstructured from downloading a language model it would guess with.

    It guesses from English grammar whether a paragraph is a title; headings here come from styles alone, in
    every language, so a pipeline that only knows words and sentences is enough, and far faster.
    """
    os.environ.setdefault("UNSTRUCTURED_DISABLE_NOTICE", "1")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    from unstructured.nlp import tokenize

    tokenize._load_spacy_model = _rule_pipeline


def _rule_pipeline() -> Any:
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    return pipeline


def _elements(partitioned: Iterable[Any]) -> Iterator[Element]:
    """Map unstructured's elements to ours; consecutive list items are one paragraph."""
    items: list[str] = []
    for element in partitioned:
        text = element.text.strip()
        if element.category == "ListItem" and text:
            items.append(text if _NUMBERED.match(text) else f"- {text}")
            continue
        if items:
            yield Element("text", "\n".join(items))
            items = []
        if text and element.category not in _FRAME:
            yield _element(element, text)
    if items:
        yield Element("text", "\n".join(items))


def _element(element: Any, text: str) -> Element:
    depth = element.metadata.category_depth
    if element.category == "Title" and depth is not None:
        return Element("heading", " ".join(text.split()), level=depth + 1)
    if element.category == "Table" and element.metadata.text_as_html:
        rows = markup_tables.grid(markup.parse_fragment(element.metadata.text_as_html))
        return table_element(rows) or Element("text", text)
    return Element("code" if element.category == "CodeSnippet" else "text", text)
