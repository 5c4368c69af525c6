"""Text, Markdown, HTML and Word through `unstructured`, offline."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed
from ingestion.parsing.text import decode

_BOILERPLATE = ("nav", "header", "footer", "aside", "script", "style", "noscript", "template", "form")
_NUMBERED = re.compile(r"\d+[.)]\s")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def parse_text(data: bytes) -> Parsed:
    """Parse plain text: paragraphs are separated by blank lines; it has no headings to trust."""
    _prepare_unstructured()
    from unstructured.partition.text import partition_text

    elements = _elements(partition_text(text=decode(data)), trust_titles=False)
    return Parsed(tuple(elements))


def parse_markdown(data: bytes) -> Parsed:
    """Parse Markdown with tables and fenced code; front matter is left out."""
    _prepare_unstructured()
    from unstructured.partition.md import partition_md

    text = _FRONT_MATTER.sub("", decode(data).replace("\r\n", "\n"))
    return Parsed(tuple(_elements(partition_md(text=text))))


def parse_html(data: bytes) -> Parsed:
    """Parse a page without its navigation, header, footer and scripts."""
    _prepare_unstructured()
    from lxml import html
    from unstructured.partition.html import partition_html

    # lxml refuses a str that declares an encoding, and guesses wrongly from bytes that declare none.
    page = html.document_fromstring(decode(data).encode(), parser=html.HTMLParser(encoding="utf-8"))
    title = page.findtext(".//title")
    for tag in _BOILERPLATE:
        for node in list(page.iter(tag)):
            node.drop_tree()
    text = html.tostring(page, encoding="unicode")
    title = " ".join(title.split()) if title else None
    return Parsed(tuple(_elements(partition_html(text=text))), title=title)


def parse_docx(data: bytes) -> Parsed:
    """Parse a Word document; headings come from its styles."""
    _prepare_unstructured()
    import docx
    from unstructured.partition.docx import partition_docx

    if not data.startswith(b"PK"):
        kind = "encrypted" if data.startswith(b"\xd0\xcf\x11\xe0") else "corrupt"
        raise Unparseable(kind, "the file is named .docx but is no Word document we can open")
    try:
        properties = docx.Document(io.BytesIO(data)).core_properties
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Unparseable("corrupt", f"the file is no whole Word document: {error}") from error
    metadata = {"author": properties.author} if properties.author else {}
    elements = _elements(partition_docx(file=io.BytesIO(data)))
    return Parsed(tuple(elements), title=properties.title or None, metadata=metadata)


@cache
def _prepare_unstructured() -> None:
    """Keep unstructured from downloading a language model it would guess with.

    It guesses from English grammar whether a paragraph is a title; headings here come from markup and styles
    alone, in every language, so a pipeline that only knows words and sentences is enough, and far faster.
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


def _elements(partitioned: Iterable[Any], trust_titles: bool = True) -> Iterator[Element]:
    """Map unstructured's elements to ours; consecutive list items are one paragraph."""
    items: list[str] = []
    for element in partitioned:
        kind, text = element.category, element.text.strip()
        if kind == "ListItem" and text:
            items.append(text if _NUMBERED.match(text) else f"- {text}")
            continue
        if items:
            yield Element("text", "\n".join(items))
            items = []
        if not text or kind in ("Header", "Footer", "PageBreak", "PageNumber"):
            continue
        if kind == "Title" and trust_titles and element.metadata.category_depth is not None:
            yield Element("heading", " ".join(text.split()), level=element.metadata.category_depth + 1)
        elif kind == "Table":
            yield Element("table", _table(element.metadata.text_as_html) or text)
        elif kind == "CodeSnippet":
            yield Element("code", text)
        else:
            yield Element("text", text)
    if items:
        yield Element("text", "\n".join(items))


def _table(markup: str | None) -> str:
    """Return a table as one line per row with cells between bars."""
    if not markup:
        return ""
    from lxml import html

    rows = html.fragment_fromstring(markup).iter("tr")
    lines = (" | ".join(" ".join(cell.text_content().split()) for cell in row) for row in rows)
    return "\n".join(line for line in lines if line.strip(" |"))
