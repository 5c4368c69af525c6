"""A question on its way: what was asked, what was found for it, and what has been answered so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from corpus import analysis
from serving.access import Scope
from serving.caching.decisions import Decision
from serving.filters import Filters
from serving.hits import Candidate, Hit, Query
from serving.prompt import Turn
from serving.retriever import Mode

FOLLOW_UP_WORDS = 4
"""A later question with fewer words of its own is understood from the one before."""
_NOT_CACHED = Decision("off", "searches are not answers")


@dataclass
class Asked:
    """A question whose passages have been found; what comes next can be streamed.

    Attributes:
        rewritten: What was searched: the question, completed from the conversation where it needs it.
        cache: What the cache of answers said.
    """

    scope: Scope
    question: str
    rewritten: str
    mode: Mode
    filters: Filters
    query: Query
    hits: Sequence[Hit]
    candidates: Sequence[Candidate]
    timings: dict[str, float]
    started: float
    history: Sequence[Turn] = ()
    cache: Decision = _NOT_CACHED
    id: UUID = field(default_factory=uuid4)


@dataclass
class Answer:
    """An answer as far as it has come.

    Attributes:
        tier: `light`, `strong`, or `none` when no language model writes.
        degraded: Why the model asked for did not write it; None when it did.
        error: What ended it before its end.
        cost: In the currency of the settings' prices; None without a price.
    """

    generator: str = ""
    model: str = ""
    tier: str = "none"
    route_reason: str = ""
    text: str = ""
    state: str = "abandoned"
    degraded: str | None = None
    error: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    cost: float | None = None
    removed_citations: int = 0
    first_token_seconds: float | None = None

    def add(self, text: str, asked: Asked) -> None:
        """Take the next piece of text."""
        if self.first_token_seconds is None:
            self.first_token_seconds = time.perf_counter() - asked.started
        self.text += text


def standalone(question: str, history: Sequence[Turn] = ()) -> str:
    """Return a question that can be searched by itself.

    One that has hardly a word of its own ("and in Korea?", "그건 왜요?") is put behind the question before it. No
    model is asked for that: it costs nothing, and a question that stands alone is left as it is.
    """
    earlier = [turn.text for turn in history if turn.role == "user"]
    if not earlier or len(set(analysis.lexemes(question))) >= FOLLOW_UP_WORDS:
        return question
    return f"{earlier[-1]}\n{question}"
