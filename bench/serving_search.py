"""What the API adds to a search: `/v1/search` beside its bare SQL statement, asked in turn.

Both search 10,000 passages (500 abstracts, repeated) for the same question with the same vector, under the same scope.
The vector is no part of the statement, so the API remembers it; the result it does not, but looks for it and
keeps it. To that end every question is first asked in another way (by meaning, one hit), then once in this one.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from bench.search_quality import Searcher
from bench.search_sets import QuestionSet
from bench.search_sets import scifact as read
from bench.search_speed import Vectors
from bench.serving_stack import Caller
from corpus import analysis
from corpus.database import conninfo
from corpus.embedding import Embedder
from serving.settings import ServingSettings

PASSAGES, DISTINCT = 10_000, 500
PER_REPEAT, WARM = 100, 20


@dataclass(frozen=True)
class Compared:
    """Milliseconds of one repeat: of the API, of the statement, and of the API's parts as it reports them."""

    api: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    parts: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def ratio(self) -> float:
        """How many times as long the API takes, by medians."""
        return statistics.median(self.api) / statistics.median(self.bare)


def questions_and_vectors(folder: Path, embedder: Embedder) -> tuple[QuestionSet, Vectors, Vectors]:
    """Return questions, the passages that are repeated, and the vectors of the passages and of the questions."""
    whole = read(folder)
    questions = replace(whole, passages=dict(itertools.islice(whole.passages.items(), DISTINCT)))
    return questions, *questions.vectors(embedder)


def compare(caller: Caller, tenant: str, questions: QuestionSet, vectors: Vectors, repeats: int) -> list[Compared]:
    """Ask questions both ways, either first in turn."""
    settings = ServingSettings()
    prepared = iter([(text, analysis.lexemes(text)) for text in questions.questions.values()])
    places = itertools.count()
    with psycopg.connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        searcher = Searcher(connection, tenant)

        def both(compared: Compared) -> None:
            (text, words), place = next(prepared), next(places)
            caller.post("/v1/search", query=text, mode="vector", top_k=1)
            for way in (0, 1) if place % 2 else (1, 0):
                began = time.perf_counter()
                if way:
                    searcher.search(words, vectors[place], top_k=10, text_weight=settings.text_weight)
                else:
                    reply = caller.post("/v1/search", query=text)
                (compared.bare if way else compared.api).append(1000 * (time.perf_counter() - began))
            for part, seconds in reply["timings"].items():
                compared.parts[part].append(1000 * seconds)

        for _ in range(WARM):
            both(Compared())
        found = [Compared() for _ in range(repeats)]
        for compared in found:
            for _ in range(PER_REPEAT):
                both(compared)
    return found
