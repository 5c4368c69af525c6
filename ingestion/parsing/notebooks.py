"""Jupyter notebooks: their text as Markdown, their cells of code as code; what cells printed is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed
from ingestion.parsing import about
from ingestion.parsing.markdown import markdown_elements
from ingestion.parsing.text import decode


def parse_notebook(data: bytes) -> Parsed:
    """Parse a notebook of format 4.

    Raises:
        Unparseable: It is no JSON, or JSON of another shape.
    """
    notebook = json.loads(decode(data))
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Unparseable("corrupt", "it has no list of cells, as a notebook of format 4 has")
    settings = notebook.get("metadata") or {}
    language = settings.get("language_info", {}).get("name") or settings.get("kernelspec", {}).get("language")
    authors = [author.get("name") for author in settings.get("authors", [])]
    found = about.metadata(author=about.names(authors), programming_language=language)
    return Parsed(tuple(_elements(cells)), title=about.text_of(settings.get("title")), metadata=found)


def _elements(cells: list[dict[str, Any]]) -> Iterator[Element]:
    for cell in cells:
        source = cell.get("source", "")
        text = "".join(source) if isinstance(source, list) else source
        if cell.get("cell_type") == "markdown":
            yield from markdown_elements(text)
        elif text.strip():
            yield Element("code" if cell.get("cell_type") == "code" else "text", text.strip("\n"))
