"""The normal form of a document's text, and the identity of a passage: what an edit must change to cost anything."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ingestion.items import Element

_UNPRINTABLE = {code: None for code in (*range(9), 11, 12, *range(14, 32), 127)}
SEPARATOR = "\n\n"


def normalised_text(elements: Iterable[Element]) -> str:
    """Return the document's text: the space in which `char_start` and `char_end` count."""
    return SEPARATOR.join(filter(None, (normalise(element.text) for element in elements)))


@lru_cache(maxsize=2**12)  # cutting a document and signing it ask for the same paragraphs
def normalise(text: str) -> str:
    """Return text in NFC without control characters, trailing blanks and blank lines around it."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").translate(_UNPRINTABLE)
    lines = text.encode(errors="replace").decode().split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def chunk_hash(kind: str, heading_path: Sequence[str], text: str) -> str:
    """Return the identity of a passage: everything the embedder will see of it.

    How lines are wrapped and indented is no part of it, because tokenizers of the kind we use read every run of
    white space as one blank.
    """
    return hashlib.sha256("\x1f".join((kind, *heading_path, squeezed(text))).encode()).hexdigest()


def squeezed(text: str) -> str:
    """Return text with one blank for every run of white space."""
    return " ".join(text.split())
