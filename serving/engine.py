"""The path of a question: search → cache → write → log → keep. Everything that answers goes through here."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from serving.access import Pool, Scope
from serving.answering import write
from serving.caching.answers import AnswerCache
from serving.caching.decisions import CachedAnswer
from serving.caching.keeping import Keeper
from serving.errors import OutsideRetention
from serving.events import Event
from serving.filters import EVERYTHING, Filters
from serving.journal import Journal
from serving.metrics import CACHE, COMPONENTS, FIRST_TOKEN
from serving.models import ServingModel
from serving.prompt import Turn
from serving.questions import Answer, Asked, standalone
from serving.replica import Replica
from serving.retriever import Mode, Retriever
from serving.streams import Streams
from serving.writing import Writer


@dataclass
class Engine:
    """Answers questions under a scope. Holds what is shared by all questions of a worker."""

    pool: Pool
    embedding: ServingModel
    retriever: Retriever
    cache: AnswerCache
    writer: Writer
    journal: Journal
    source_limit: int
    retention_days: int
    replica: Replica | None = None
    streams: Streams = field(default_factory=Streams)
    keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        """Keep answers in the cache that is looked into."""
        self.keeper = Keeper(self.cache)

    async def search(
        self, scope: Scope, question: str, top_k: int, mode: Mode = "hybrid", filters: Filters = EVERYTHING,
        neighbours: int = 0,
    ) -> Asked:  # fmt: skip
        """Find passages and log the search."""
        asked = await self._retrieve(scope, question, question, top_k, mode, filters, neighbours)
        self._log_question(asked, "search")
        return asked

    async def ask(
        self, scope: Scope, question: str, filters: Filters = EVERYTHING, top_k: int | None = None,
        history: Sequence[Turn] = (),
    ) -> Asked:  # fmt: skip
        """Find the passages an answer may rest on; whatever fails here is an HTTP error, not a broken stream."""
        rewritten = standalone(question, history)
        asked = await self._retrieve(scope, question, rewritten, top_k or self.source_limit, "hybrid", filters)
        asked.history = history
        began = time.perf_counter()
        await self.keeper.settle(scope, question)
        asked.cache = await self.cache.lookup(
            scope, asked.query, asked.hits, question, filters, is_follow_up=bool(history)
        )
        asked.timings["cache"] = time.perf_counter() - began
        CACHE.labels(asked.cache.state).inc()
        self._log_question(asked, "ask")
        return asked

    def answer(self, asked: Asked) -> AsyncGenerator[Event, None]:
        """Begin to write the answer and return its events.

        A task of its own writes; the events are only read from it, hold no database connection, and the task is
        stopped when the reader leaves. The stream always ends in `done`, after a typed `error` when the answer could
        not be finished.
        """
        self.streams.start(asked.id, asked.scope, self._written(asked))
        return self.streams.attach(asked.id, asked.scope)

    async def _retrieve(
        self, scope: Scope, question: str, rewritten: str, top_k: int, mode: Mode, filters: Filters, neighbours: int = 0
    ) -> Asked:
        started = time.perf_counter()
        self._check_as_of(filters)
        found = await self.retriever.retrieve(scope, rewritten, mode, top_k, filters, neighbours)
        return Asked(
            scope, question, rewritten, mode, filters, found.query, found.hits, found.candidates, found.timings, started
        )

    async def _written(self, asked: Asked) -> AsyncGenerator[Event, None]:
        """Write the answer; however it ends, log it, and have it kept beside when it is whole."""
        answer = Answer()
        try:
            async with aclosing(write(asked, answer, self.writer)) as events:
                async for event in events:
                    yield event
        finally:
            if answer.first_token_seconds is not None:
                FIRST_TOKEN.labels(asked.cache.state).observe(answer.first_token_seconds)
            self.journal.write_answer(asked, answer)
        if asked.cache.state == "miss" and answer.state == "complete" and answer.degraded is None:
            known = CachedAnswer(asked.id, answer.text, generator=answer.generator, model=answer.model)
            self.keeper.keep(asked.scope, asked.query, asked.question, asked.hits, known, asked.filters)

    def _log_question(self, asked: Asked, kind: str) -> None:
        for component, seconds in asked.timings.items():
            COMPONENTS.labels(component).observe(seconds)
        self.journal.write_query(asked, kind)

    def _check_as_of(self, filters: Filters) -> None:
        """Refuse a time whose versions may have been purged: an answer from what is left would be a wrong one."""
        if filters.as_of is None:
            return
        age = datetime.now(UTC) - filters.as_of
        if not timedelta(0) <= age < timedelta(days=self.retention_days):
            raise OutsideRetention(f"as_of must lie in the last {self.retention_days} days.")
