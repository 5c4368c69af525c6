"""Which paragraphs of an English document the names' model has to read, told without it.

A name is kept only when it is written and placed like one (`english_names`). Each word of such a name is a candidate
wherever it stands, so paragraphs without candidates can be left out, and no name is lost by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache

from ingestion.extraction import gazetteer

LINKING = frozenset("of and & the for de da di del van von der den la le el al bin ibn".split())  # noqa: SIM905
WHERE = frozenset({"in", "near", "at", "from"})
HONORIFIC = r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor)\.?\s+"
CAPITALISED = re.compile(r"[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’.-][^\W\d_]+)*")

_SMALL = re.compile(r"[a-zß-öø-ÿ][^\W\d_A-Z]*(?:['’-][^\W\d_A-Z]+)*")
_BETWEEN = rf"(?:\.?\s+(?:(?:{'|'.join(sorted(LINKING))})\s+){{0,3}})"
_SEVERAL = re.compile(rf"{CAPITALISED.pattern}(?:{_BETWEEN}{CAPITALISED.pattern})+")
_ADDRESSED = re.compile(rf"\b{HONORIFIC}({CAPITALISED.pattern})")
_PLACED = re.compile(rf"\b(?i:{'|'.join(sorted(WHERE))})\s+({CAPITALISED.pattern})")


def small_words(texts: Iterable[str]) -> frozenset[str]:
    """Return the words that a document writes in small letters: no names."""
    return frozenset(word for text in texts for word in _SMALL.findall(text))


def worth_reading(texts: Sequence[str], ordinary: Set[str]) -> Iterator[str]:
    """Return the texts that hold a candidate."""
    words = candidates(texts, ordinary)
    return (text for text in texts if not words.isdisjoint(CAPITALISED.findall(text)))


def candidates(texts: Iterable[str], ordinary: Set[str]) -> frozenset[str]:
    """Return the capitalised words that stand together, after a form of address, where places do, or are known ones.

    Args:
        ordinary: Words that are no names, in small letters.
    """
    found: set[str] = set()
    for text in texts:
        for match in _SEVERAL.finditer(text):
            words = CAPITALISED.findall(match.group())
            first = words[0].lower() in ordinary  # it only begins a sentence
            if len(words) - first > 1:
                found.update(words)
        found.update(_ADDRESSED.findall(text))
        found.update(_PLACED.findall(text))
        found.update(_words_of_places().intersection(CAPITALISED.findall(text)))
    return frozenset(word for word in found if word.lower() not in ordinary)


@cache
def _words_of_places() -> frozenset[str]:
    return frozenset(word for place in gazetteer.places("en") for word in CAPITALISED.findall(place))
