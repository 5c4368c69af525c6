"""What a document says about itself: language, keywords, names and dates, beside what its file declares.

All of it is metadata to filter by. Extraction comes after masking, and what stands for masked values is no
keyword and no name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from ingestion.extraction import dates, language
from ingestion.extraction.entities import Entities, EntityRecogniser, PackagedRecogniser, default_recogniser
from ingestion.extraction.keywords import keywords
from ingestion.items import Element, Parsed

__all__ = ["VERSION", "Entities", "EntityRecogniser", "default_recogniser", "extract", "paragraphs", "title"]

VERSION = f"extraction-3+{PackagedRecogniser.name}+langdetect-{version('langdetect')}"
"""Part of the pipeline's fingerprint: a new one describes every document anew."""

_BODY_CHARACTERS = 20_000
_HEADING_CHARACTERS = 5_000
_MOST_DATES = 50
_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]+(?::[0-9a-f]+)?\]")
_LONG = 100
_LONG_WORD = re.compile(rf"\S{{{_LONG}}}")
"""Cut, because a tokeniser takes time that grows with the square of a word's length."""
_UNPRINTABLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), " ")


def extract(parsed: Parsed, file_name: str, recognise: EntityRecogniser | None = None) -> dict[str, Any]:
    """Return all metadata of a document, JSON-ready; what is not known is absent.

    Added to what the parser read from the file, which wins: `language`, `keywords`, `entities` (`people`,
    `organisations`, `places`, `dates`) and `page_count`. Read are the first 20,000 characters of prose and
    tables and 5,000 of headings; code is not. Never raises for any text.

    Args:
        file_name: Last part of the document's address, the title when there is no better one.
        recognise: Finds names; None takes the one that ships in packages.
    """
    headings, body = paragraphs(parsed)
    known = {name: value for name, value in parsed.metadata.items() if value not in (None, "", [], {})}
    spoken = language.detect("\n".join([*headings, *body]), str(known.get("language", "")))
    derived = {
        "keywords": keywords(headings, body, spoken),
        "entities": _entities(headings, body, spoken, recognise or default_recogniser()),
        "page_count": max((element.page or 0 for element in parsed.elements), default=0),
    }
    return {**{name: value for name, value in derived.items() if value}, **known, "language": spoken}


def paragraphs(parsed: Parsed) -> tuple[list[str], list[str]]:
    """Return what is read of a document's headings and of its body, each paragraph on one line."""
    headings = (element for element in parsed.elements if element.kind == "heading")
    body = (element for element in parsed.elements if element.kind in ("text", "table"))
    return _read(headings, _HEADING_CHARACTERS), _read(body, _BODY_CHARACTERS)


def title(parsed: Parsed, file_name: str) -> str:
    """Return the first heading of level 1, else what the file says, else the file's name."""
    headings = (element.text for element in parsed.elements if element.kind == "heading" and element.level == 1)
    candidates = (*headings, parsed.title or "")
    return next((" ".join(text.split()) for text in candidates if text.strip()), file_name)


def _entities(
    headings: Sequence[str], body: Sequence[str], spoken: str, recognise: EntityRecogniser
) -> dict[str, list[str]]:
    """Return names and dates by kind, without the kinds there are none of.

    Names are looked for below the headings only: in English ones every word is written like a name.
    """
    names = recognise.recognise(body, spoken)
    found = {
        "people": list(names.people),
        "organisations": list(names.organisations),
        "places": list(names.places),
        "dates": dates.find("\n".join([*headings, *body]))[:_MOST_DATES],
    }
    return {kind: values for kind, values in found.items() if values}


def _read(elements: Iterable[Element], limit: int) -> list[str]:
    """Return plain paragraphs of up to `limit` characters in all; cells of tables stand apart."""
    paragraphs: list[str] = []
    for element in elements:
        if limit <= 0:
            break
        text = element.text[:limit]
        limit -= len(text)
        text = unicodedata.normalize("NFKC", text).encode(errors="replace").decode().translate(_UNPRINTABLE)
        if "[" in text:
            text = _PLACEHOLDER.sub(" | ", text)
        words = (text.replace("\n", " | ") if element.kind == "table" else text).split()
        text = " ".join(words)
        if max(map(len, words), default=0) >= _LONG:
            text = " ".join(_LONG_WORD.sub(r"\g<0> ", text).split())
        if text:
            paragraphs.append(text)
    return paragraphs
