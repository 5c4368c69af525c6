"""Turn a document's bytes into elements: headings, paragraphs, tables and code in reading order."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from ingestion.errors import Unparseable
from ingestion.items import Parsed

Parser = Callable[[bytes], Parsed]
"""Takes a document's bytes; returns its elements or raises `Unparseable`."""


def parser_for(media_type: str) -> Parser:
    """Return the parser of a media type; its libraries are imported only then.

    Raises:
        Unparseable: No parser knows the type.
    """
    from ingestion.parsing import pdf, structured

    parsers: dict[str, Parser] = {
        "text/plain": structured.parse_text,
        "text/markdown": structured.parse_markdown,
        "text/html": structured.parse_html,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": structured.parse_docx,
        "application/pdf": pdf.parse_pdf,
    }
    if media_type not in parsers:
        raise Unparseable("unsupported", f"there is no parser for {media_type}")
    return parsers[media_type]


def parse(data: bytes, media_type: str) -> Parsed:
    """Parse one document.

    Raises:
        Unparseable: The content cannot be used; the reason says why. Text that is empty after parsing is
            such a reason, never a success.
    """
    if not data:
        raise Unparseable("empty", "the file has no bytes")
    parser = parser_for(media_type)
    try:
        parsed = parser(data)
    except Unparseable:
        raise
    except Exception as error:  # a parser library may raise anything at all on a broken file
        raise Unparseable("corrupt", f"{type(error).__name__}: {str(error)[:300]}") from error
    if not any(element.text.strip() for element in parsed.elements):
        raise Unparseable("empty", "no text was found in the file")
    return parsed


def fingerprint() -> str:
    """Name what decides a parser's output, so that a new parser means new versions."""
    return f"parsing-1+unstructured-{version('unstructured')}+pypdfium2-{version('pypdfium2')}"
