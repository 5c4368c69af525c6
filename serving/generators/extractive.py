"""Answers without a language model: chooses the sentences that answer, and cites them.

It cannot invent anything, so it is the default without a key and what an answer falls back to when the model
is down. It cannot combine or infer either; that is the price.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from sys import intern

import numpy as np

from corpus import analysis
from corpus.embedding import Embedder
from serving.generators import Token, Usage
from serving.generators.band import band_of
from serving.hits import Hit
from serving.prompt import NOT_ANSWERED, Turn, inert

PASSAGES = 5
MAX_SENTENCES = 3
MIN_SCORE = 0.44
"""Below this, nothing answers the question; chosen on `examples/questions.jsonl` and questions of bank customers."""
KEEP_RATIO = 0.85
"""A further sentence is added when it scores at least this share of the best one."""
PASSAGES_KNOWN, UNITS_KNOWN = 1_000, 5_000
"""Passages cut and units analysed that a worker remembers, some 20 MB: the same ones answer many questions."""

_IDENTIFIER = re.compile(r"\d+(?:\.\d+)+|[A-Za-z]+-?\d+|\d{4,}")
_LIST_ITEM = re.compile(r"(?:-|\d+[.)])\s")


@dataclass(frozen=True)
class Unit:
    """Something that can be quoted: a sentence, a list, or a row of a table with its header."""

    text: str
    number: int
    position: int
    heading_path: tuple[str, ...]


class ExtractiveGenerator:
    """Quotes the best sentences of the best passages."""

    name = "extractive"

    def __init__(self, embedder_now: Callable[[], Embedder]) -> None:
        """Ask `embedder_now` for the embedder at every question: the model may have been switched."""
        self._embedder_now = embedder_now

    async def stream(
        self, model: str, question: str, hits: Sequence[Hit], history: Sequence[Turn] = ()
    ) -> AsyncIterator[Token | Usage]:
        """Yield the chosen sentences word by word, each followed by its citation."""
        chosen = await asyncio.to_thread(self._choose, question, list(hits)[:PASSAGES])
        if not chosen:
            yield Token(NOT_ANSWERED[analysis.language(question)])
        for index, unit in enumerate(chosen):
            text = f"{' ' if index else ''}{unit.text} [{unit.number}]"
            for word in re.findall(r"\s*\S+", text):
                yield Token(word)
        yield Usage(0, 0)

    def _choose(self, question: str, hits: Sequence[Hit]) -> list[Unit]:
        able = [(number, hit) for number, hit in enumerate(hits, 1) if names_alike(question, hit)]
        units = [unit for number, hit in able for unit in quotable(hit, number)]
        if not units:
            return []
        embedder = self._embedder_now()  # one for both: vectors of two models cannot be compared
        band = band_of(embedder)
        asked = embedder.embed([question], "query")[0]
        rows = embedder.embed([_in_context(unit) for unit in units], "passage")
        return select(units, [band.place(cosine) for cosine in (rows @ asked).tolist()], coverage(question, units))


def names_alike(question: str, hit: Hit) -> bool:
    """Return whether a passage holds every identifier of the question: a version, year or code such as `AUTH-133`.

    What is said of version 3.1 is no answer about 4.0, however alike the rest is.
    """
    held = "\n".join((hit.title, hit.uri, *hit.heading_path, hit.text)).casefold()
    return all(name.casefold() in held for name in _IDENTIFIER.findall(question))


def quotable(hit: Hit, number: int) -> Iterator[Unit]:
    """Yield what can be quoted from a passage, in order."""
    for position, text in enumerate(_cut(hit.text, hit.kind)):
        yield Unit(text, number, position, tuple(hit.heading_path))


@lru_cache(PASSAGES_KNOWN)
def _cut(passage: str, kind: str) -> tuple[str, ...]:
    return tuple(part for paragraph in inert(passage, kind).split("\n\n") for part in _parts(paragraph, kind))


def _parts(paragraph: str, kind: str) -> list[str]:
    lines = paragraph.splitlines()
    if kind == "table" and len(lines) > 1:
        return [f"{lines[0]}\n{line}" for line in lines[1:]]
    if kind == "code":
        return [f"```\n{paragraph}\n```"]  # so that an index in brackets is no citation
    if len(lines) > 1 and _LIST_ITEM.match(lines[0]) and len(paragraph) <= 600:
        return [paragraph]
    return analysis.sentences(paragraph)


def _in_context(unit: Unit) -> str:
    return f"{' > '.join(unit.heading_path)}\n{unit.text.strip('`')}"


@lru_cache(UNITS_KNOWN)
def _words(text: str) -> frozenset[str]:
    return frozenset(map(intern, analysis.lexemes(text)))


def coverage(question: str, units: Sequence[Unit]) -> list[float]:
    """Return, for each unit, the share of the question's words it has, itself or in its headings.

    Rare words count more: a word's weight is its inverse frequency among the units.
    """
    words = [_words(_in_context(unit)) for unit in units]
    # One letter or digit alone is no evidence.
    asked = {word for word in analysis.lexemes(question) if len(word) > 1 or not word.isascii()}
    weights = {word: float(np.log(1 + len(units) / (1 + sum(word in held for held in words)))) for word in asked}
    total = sum(weights.values()) or 1.0
    return [sum(weights[word] for word in asked & held) / total for held in words]


def select(units: Sequence[Unit], places: Sequence[float], covered: Sequence[float]) -> list[Unit]:
    """Choose the units to quote, in reading order; none when even the best does not answer.

    Args:
        places: Where each unit's cosine to the question lies in the model's band.
        covered: What share of the question's words each has.
    """
    scores = [0.5 * place + 0.5 * share for place, share in zip(places, covered, strict=True)]
    best = max(scores)
    if best < MIN_SCORE:
        return []
    order = sorted(range(len(units)), key=lambda index: -scores[index])
    kept = [index for index in order[:MAX_SENTENCES] if scores[index] >= KEEP_RATIO * best]
    return sorted((units[index] for index in kept), key=lambda unit: (unit.number, unit.position))
