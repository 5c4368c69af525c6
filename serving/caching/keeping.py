"""Answers are kept beside the requests: a few at a time, in a bounded line, and a clean stop loses none."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from uuid import UUID

import structlog

from serving.access import Scope
from serving.caching.answers import AnswerCache
from serving.caching.decisions import CachedAnswer
from serving.filters import Filters
from serving.hits import Hit, Query

AT_ONCE = 2
"""Answers being kept at one moment: it takes processor time, which questions need more."""
WAITING_LIMIT = 1_000
"""Answers that may wait to be kept; one more is not kept, and is written anew when it is asked for."""
PATIENCE_SECONDS = 1.0
"""How long somebody who needs an answer kept waits for that."""
STOP_SECONDS = 2.0
"""How long a stop waits, beside what it waits for the query log; the process is killed some time."""
log = structlog.get_logger(__name__)


class Keeper:
    """Keeps finished answers of a worker in the cache while their readers go on.

    What is said about an answer, and the same question asked again, wait for it here: to whoever does one after the
    other it looks as if an answer was kept before it was given.
    """

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self._few = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: dict[Hashable, asyncio.Task[None]] = {}

    def keep(
        self, scope: Scope, query: Query, question: str, hits: Sequence[Hit], answer: CachedAnswer, filters: Filters
    ) -> None:
        """Have an answer kept, for arguments as `AnswerCache.store` takes them; return at once."""
        if len(self._tasks) >= WAITING_LIMIT:
            log.warning("answer_not_kept", answer_id=str(answer.answer_id), reason="too many wait")
            return
        task = asyncio.create_task(self._store(scope, query, question, hits, answer, filters))
        self._tasks.add(task)
        names = (answer.answer_id, (scope.tenant_id, question))
        self._known.update(dict.fromkeys(names, task))
        task.add_done_callback(lambda ended: self._forget(ended, names))

    async def settle(self, scope: Scope, question: str) -> None:
        """Wait a moment if an answer to this very question is just being kept."""
        await self._wait((scope.tenant_id, question))

    async def evict(self, scope: Scope, answer_id: UUID) -> int:
        """Take an answer out of the cache, and return how many entries that were."""
        await self._wait(answer_id)
        return await self._cache.evict(scope, answer_id)

    async def pin(self, scope: Scope, answer_id: UUID, text: str | None = None) -> None:
        """Mark an answer as verified; raises as `AnswerCache.pin` does."""
        await self._wait(answer_id)
        await self._cache.pin(scope, answer_id, text)

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Keep what waits, for at most `seconds`; the rest is written anew when it is asked for."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        if late:
            log.error("answers_not_kept", answers=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=0.5)

    async def _wait(self, name: Hashable) -> None:
        task = self._known.get(name)
        if task is not None:
            await asyncio.wait({task}, timeout=PATIENCE_SECONDS)

    async def _store(
        self, scope: Scope, query: Query, question: str, hits: Sequence[Hit], answer: CachedAnswer, filters: Filters
    ) -> None:
        """Keep one answer; that it cannot be kept is nobody's failure."""
        async with self._few:
            try:
                await self._cache.store(scope, query, question, hits, answer, filters=filters)
            except Exception:
                log.exception("answer_not_kept", answer_id=str(answer.answer_id))

    def _forget(self, ended: asyncio.Task[None], names: Sequence[Hashable]) -> None:
        self._tasks.discard(ended)
        for name in names:
            if self._known.get(name) is ended:  # a later answer to the same question may have taken the name
                del self._known[name]
