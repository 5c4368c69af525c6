"""The third yes: which sentence answers a question best, and which sentences an answer rests on."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence

import numpy as np

from corpus import analysis
from corpus.embedding import Embedder, Vectors
from serving.caching.guard import swapped
from serving.caching.memory import Memory
from serving.generators.extractive import Unit, coverage, quotable
from serving.hits import Hit

PASSAGES = 5
"""Hits whose sentences are compared; the same as a quoted answer is chosen from."""
MEMORY = 20_000
"""Sentence vectors remembered per worker: 30 MB at 384 dimensions."""
_CITED = re.compile(r"((?:\[\d{1,2}\]\s*)+)")
_NUMBER = re.compile(r"\[(\d{1,2})\]")


class Evidence:
    """Compares sentences of passages; remembers their vectors, which depend on nothing but their text."""

    def __init__(self) -> None:
        self._vectors: Memory[Vectors] = Memory(MEMORY)

    async def best(self, embedder: Embedder, question: str, vector: Vectors, hits: Sequence[Hit]) -> str | None:
        """Return the hash of the sentence that answers a question best; None when there is none.

        Args:
            vector: What `embedder` made of the question.
        """
        return await asyncio.to_thread(self._best, embedder, question, vector, hits)

    async def rests_on(self, embedder: Embedder, text: str, hits: Sequence[Hit]) -> set[str]:
        """Return the hashes of the sentences an answer rests on.

        For each cited part of the text that is, in each passage it cites, every sentence it quotes, or else the one
        nearest to it in words and meaning.
        """
        return await asyncio.to_thread(self._rests_on, embedder, text, hits)

    def _best(self, embedder: Embedder, question: str, vector: Vectors, hits: Sequence[Hit]) -> str | None:
        units = [unit for number, hit in enumerate(hits[:PASSAGES], 1) for unit in quotable(hit, number)]
        if not units:
            return None
        return sentence_hash(units[self._nearest(embedder, vector, question, units)])

    def _rests_on(self, embedder: Embedder, text: str, hits: Sequence[Hit]) -> set[str]:
        found: set[str] = set()
        for part, numbers in cited_parts(text):
            for number in numbers:
                if not 1 <= number <= len(hits):
                    continue
                units = list(quotable(hits[number - 1], number))
                quoted = [unit for unit in units if unit.text in part]
                if units and not quoted:
                    meant = embedder.embed([part], "query")[0]
                    quoted = [units[self._nearest(embedder, meant, part, units)]]
                found |= {sentence_hash(unit) for unit in quoted}
        return found

    def _nearest(self, embedder: Embedder, vector: Vectors, words: str, units: Sequence[Unit]) -> int:
        """Return the index of the best unit: half meaning, half words, each stretched over what there is."""
        similar = self._embedded(embedder, units) @ vector
        spread = float(np.ptp(similar)) or 1.0
        return int(np.argmax((similar - similar.min()) / spread + np.array(coverage(words, units))))

    def _embedded(self, embedder: Embedder, units: Sequence[Unit]) -> Vectors:
        space = f"{embedder.name}@{embedder.revision}"
        texts = [f"{' > '.join(unit.heading_path)}\n{unit.text}" for unit in units]
        known = {text: vector for text in texts if (vector := self._vectors.get((space, text))) is not None}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, embedder.embed(missing, "passage"), strict=True))
            for text in missing:
                self._vectors.put((space, text), known[text])
        return np.vstack([known[text] for text in texts])


def tells_apart(one: str, other: str, hits: Sequence[Hit]) -> bool:
    """Return whether questions differ by one word for another, and the passages know either word.

    Then they are about two things, even when one sentence answers both: permanent and temporary staff. A word that the
    documents do not use is only another way to ask.
    """
    words = swapped(one, other)
    texts = [analysis.passage(hit.heading_path, hit.text) for hit in hits] if words else []
    known = {word for found in analysis.lexemes_of(texts) for word in found}
    return any(word in known for word in words)


def sentence_hash(unit: Unit) -> str:
    """Return the identity of a sentence: its headings and its words, blanks squeezed."""
    return hashlib.sha256(" ".join(" > ".join((*unit.heading_path, unit.text)).split()).encode()).hexdigest()


def cited_parts(text: str) -> list[tuple[str, list[int]]]:
    """Return the parts of an answer with the numbers cited after each; what cites nothing is left out."""
    pieces = _CITED.split(text)
    parts = []
    for part, citations in zip(pieces[::2], pieces[1::2], strict=False):
        sentences = analysis.sentences(part) or [part]
        # One citation may stand for a paragraph: each of its sentences rests on it.
        parts += [(sentence, [int(number) for number in _NUMBER.findall(citations)]) for sentence in sentences]
    return parts


def renumbered(text: str, numbers: dict[int, int]) -> str:
    """Return a text with other citation numbers; those that are not named are removed."""
    return _NUMBER.sub(lambda match: f"[{numbers[int(match[1])]}]" if int(match[1]) in numbers else "", text)


def cited_numbers(text: str, count: int) -> list[int]:
    """Return the numbers 1 … count that a text cites, by first mention."""
    return list(dict.fromkeys(n for n in map(int, _NUMBER.findall(text)) if 1 <= n <= count))
