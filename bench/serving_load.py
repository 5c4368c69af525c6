"""How many questions are answered a second, and how long each takes, by some callers who ask without a pause."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.serving_stack import Caller
from bench.serving_upstream import Pace, Upstream

SECOND = Pace(0.3, 36, 50.0)
"""A model that answers in one second: 36 words, the last one 0.7 s after the first."""
AT_ONCE = Pace()


@dataclass(frozen=True)
class Load:
    """What some callers got within some seconds.

    Attributes:
        per_second: Answers.
        milliseconds: How long each answer took.
        from_cache: The share of answers given again.
    """

    per_second: float
    milliseconds: list[float]
    from_cache: float


def keep_asking(caller: Caller, questions: Iterator[str], clients: int, seconds: float) -> Load:
    """Have so many callers ask for so many seconds, each as soon as it has its answer.

    Args:
        questions: Shared by the callers' threads, so no generator.
    """
    began = time.perf_counter()
    taken: list[float] = []
    states: list[str] = []

    def client(_: int) -> None:
        while (asked := time.perf_counter()) - began < seconds:
            states.append(caller.post("/v1/ask", question=next(questions))["cache"])
            taken.append(1000 * (time.perf_counter() - asked))

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return Load(len(taken) / (time.perf_counter() - began), taken, states.count("hit") / len(states))


def answered_before(caller: Caller, upstream: Upstream, questions: Sequence[str]) -> list[str]:
    """Have questions answered, by quoting the best passage, and return those that are answered from the cache now."""
    upstream.set(Pace(is_quoting=True))
    for question in questions:
        caller.post("/v1/ask", question=question)
    return [question for question in questions if caller.post("/v1/ask", question=question)["cache"] == "hit"]


def numbered(questions: Sequence[str]) -> Iterator[str]:
    """Yield questions without end, no two the same: each has a number, so that the cache has no answer to it."""
    return map(lambda number: f"Case {number}: {questions[number % len(questions)]}", itertools.count())
