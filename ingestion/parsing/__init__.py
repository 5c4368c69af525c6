"""Turn a document's bytes into elements: headings, paragraphs, tables and code in reading order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version

from corpus import media_types
from ingestion.errors import Unparseable
from ingestion.items import Parsed

Parser = Callable[[bytes], Parsed]
"""Takes a document's bytes; returns its elements or raises `Unparseable`."""

_LIBRARIES = (
    "unstructured", "pypdfium2", "pdfplumber", "trafilatura", "lxml", "markdown", "python-docx", "python-pptx",
    "openpyxl",
)  # fmt: skip


_LOADED_BY = {
    "text/html": ("lxml.html", "trafilatura"),
    "application/xhtml+xml": ("lxml.html", "trafilatura"),
    "text/markdown": ("markdown", "lxml.html"),
    "message/rfc822": ("lxml.html", "trafilatura"),
    "application/pdf": ("pypdfium2", "pdfplumber"),
    media_types.DOCX: ("docx", "unstructured.partition.docx", "spacy"),
    media_types.PPTX: ("pptx",),
    media_types.XLSX: ("openpyxl",),
    media_types.EPUB: ("lxml.etree", "lxml.html", "trafilatura"),
}
"""The libraries a parser imports when it is first used."""


def load(media_type: str) -> None:
    """Import what the parser of a media type needs, so that no document pays for it.

    What cannot be imported is left to `parse`, which says what is missing.
    """
    with suppress(Exception):
        parsers().get(media_type)
        for name in _LOADED_BY.get(media_type, ()):
            import_module(name)


def parsers() -> dict[str, Parser]:
    """Return the parser of every media type that can be read; libraries are imported only by the parsers."""
    from ingestion.parsing import (
        epub,
        html,
        mail,
        markdown,
        notebooks,
        ocr,
        pdf,
        records,
        slides,
        source_code,
        spreadsheets,
        tabular,
        text,
        word,
    )

    return {
        "text/plain": text.parse_text,
        "text/markdown": markdown.parse_markdown,
        "text/html": html.parse_html,
        "application/xhtml+xml": html.parse_html,
        "text/csv": tabular.parse_csv,
        "text/tab-separated-values": tabular.parse_csv,
        "application/json": records.parse_json,
        "application/x-ndjson": records.parse_json_lines,
        "application/x-ipynb+json": notebooks.parse_notebook,
        "message/rfc822": mail.parse_mail,
        "application/pdf": pdf.parse_pdf,
        media_types.DOCX: word.parse_docx,
        media_types.PPTX: slides.parse_pptx,
        media_types.XLSX: spreadsheets.parse_xlsx,
        media_types.EPUB: epub.parse_epub,
        "image/png": ocr.parse_image,
        "image/jpeg": ocr.parse_image,
        "image/tiff": ocr.parse_image,
        **{kind: source_code.parser_of(language) for kind, language in source_code.LANGUAGES.items()},
    }


def parser_for(media_type: str) -> Parser:
    """Return the parser of a media type.

    Raises:
        Unparseable: No parser knows the type.
    """
    parser = parsers().get(media_type)
    if parser is None:
        raise Unparseable("unsupported", f"there is no parser for {media_type}")
    return parser


def parse(data: bytes, media_type: str) -> Parsed:
    """Parse one document.

    Raises:
        Unparseable: The content cannot be used; the reason says why. Text that is empty after parsing is
            such a reason, never a success.
    """
    from ingestion.parsing import preflight

    preflight.check(data, media_type)
    parser = parser_for(media_type)
    try:
        parsed = parser(data)
    except (Unparseable, MemoryError):
        raise
    except Exception as error:  # a parser library may raise anything at all on a broken file
        raise Unparseable("corrupt", f"{type(error).__name__}: {str(error)[:300]}") from error
    if not any(element.text.strip() for element in parsed.elements):
        raise Unparseable("empty", "no text was found in the file")
    return parsed


def fingerprint() -> str:
    """Name what decides a parser's output, so that a new parser means new versions."""
    return "+".join(("parsing-2", *(f"{name}-{version(name)}" for name in _LIBRARIES)))
