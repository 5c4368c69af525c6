"""The cache of answers: given again only to the same question, on the same evidence, to whoever may read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from serving.access import Pool, Scope, fetch, scoped
from serving.caching import similarity
from serving.caching.asking import Asked, Asker
from serving.caching.deciding import decide, threshold_of
from serving.caching.decisions import EMPTY, OFF_DISABLED, CachedAnswer, Decision
from serving.caching.evidence import Evidence, cited_numbers, renumbered
from serving.caching.room import Room
from serving.errors import NotFound
from serving.filters import EVERYTHING, Filters
from serving.hits import Hit, Query
from serving.models import ServingModel
from sql import queries

TTL_SECONDS = 1800
QUOTING = "extractive"
"""The generator that writes nothing but quotations, each with the passage it is from."""


class AnswerCache:
    """Answers with three yeses: similar, no contradiction, and the same evidence now. See docs/decisions/0013."""

    def __init__(
        self,
        pool: Pool,
        embedding: ServingModel,
        room: Room,
        ttl_seconds: int = TTL_SECONDS,
        enabled: bool = True,
        generator: str = "extractive",
    ) -> None:
        """Args: `generator` is what writes now: what another one wrote is not given again, unless it is verified."""
        self._pool = pool
        self._room = room
        self._ttl = ttl_seconds
        self._enabled = enabled
        self._generator = generator
        self._asker = Asker(pool, embedding)
        self._evidence = Evidence()

    async def lookup(
        self,
        scope: Scope,
        query: Query,
        hits: Sequence[Hit],
        question: str,
        filters: Filters = EVERYTHING,
        is_follow_up: bool = False,
    ) -> Decision:
        """Decide whether a question is answered from the cache.

        Args:
            query: The question as it was searched; its vector and model are used again.
            hits: What the retriever returns for this question, in this scope, now.
            is_follow_up: Whether it is understood only after earlier turns.
        """
        asked = await self._prepare(query, hits, question, filters, is_follow_up)
        if isinstance(asked, Decision):
            return asked
        names = queries("caches")
        given = {**asked.parameters(), "limit": similarity.NEIGHBOURS, "generator": self._generator}
        statements = (names["nearest_answers"], given), (names["thresholds"], given)
        rows, calibrated = await fetch(self._pool, scope, *statements)
        if not rows:
            return EMPTY
        threshold = threshold_of(calibrated, hits[0].source)
        decision = await decide(asked, rows, threshold, hits, self._evidence)
        if decision.answer is not None and not await self._touch(scope, decision.answer.answer_id):
            return replace(decision, state="miss", reason="evicted meanwhile", answer=None)
        return decision

    async def store(
        self,
        scope: Scope,
        query: Query,
        question: str,
        hits: Sequence[Hit],
        answer: CachedAnswer,
        ttl_seconds: int | None = None,
        filters: Filters = EVERYTHING,
        is_follow_up: bool = False,
    ) -> str | None:
        """Keep a finished answer; return why it was not kept, or None.

        Only an answer that cites something is kept, and only while all it cites, or all that a model was given to
        write it from, is live and has a reader in common.
        Nothing is published between that check and the end of the transaction.

        Args:
            answer: Its text cites `hits` by number.
            ttl_seconds: How long; by default the shortest of its evidence's sources, else the setting's.
        """
        asked = await self._prepare(query, hits, question, filters, is_follow_up)
        if isinstance(asked, Decision):
            return asked.reason
        numbers = cited_numbers(answer.text, len(hits))
        cited = [hits[number - 1] for number in numbers]
        # A model may write down what it was given and does not cite: then all of that is evidence.
        read = cited if answer.generator == QUOTING else hits
        ttl = self._shortest_ttl(read) if ttl_seconds is None else ttl_seconds
        if not cited or ttl <= 0:
            return "its source is not cached" if cited else "cites nothing"
        best = await self._evidence.best(asked.embedder, asked.canonical, asked.form_vector, hits)
        sentences = await self._evidence.rests_on(asked.embedder, answer.text, hits)
        if best not in sentences:
            return "does not rest on the sentence that answers best"
        row = {
            **asked.parameters(), "id": answer.answer_id, "tenant_id": scope.tenant_id,
            "text": renumbered(answer.text, {number: place for place, number in enumerate(numbers, 1)}),
            "citations": [hit.chunk_id for hit in cited], "read": [hit.chunk_id for hit in read],
            "best_sentence": best, "sentences": sorted(sentences),
            "generator": answer.generator, "model": answer.model, "ttl": ttl,
        }  # fmt: skip
        return await self._write(scope, row)

    async def evict(self, scope: Scope, answer_id: UUID) -> int:
        """Forget an answer, for a thumbs-down; return how many were forgotten."""
        async with scoped(self._pool, scope) as connection:
            return (await connection.execute(queries("caches")["evict_answer"], {"id": answer_id})).rowcount

    async def pin(self, scope: Scope, answer_id: UUID, text: str | None = None) -> None:
        """Mark a cached answer as verified, with the text a person gave it: it stays as long as its evidence does.

        Args:
            text: `[n]` in it names the n-th of the answer's citations.

        Raises:
            NotFound: It is not cached, or not any more.
        """
        async with scoped(self._pool, scope) as connection:
            given = {"id": answer_id, "text": text}
            found = await (await connection.execute(queries("caches")["pin_answer"], given)).fetchone()
        if found is None:
            raise NotFound(f"The answer {answer_id} is not cached any more; ask the question again, then verify it.")

    async def _prepare(
        self, query: Query, hits: Sequence[Hit], question: str, filters: Filters, is_follow_up: bool
    ) -> Asked | Decision:
        if not self._enabled:
            return OFF_DISABLED
        return await self._asker.prepare(query, hits, question, filters, is_follow_up)

    async def _touch(self, scope: Scope, answer_id: UUID) -> bool:
        touch = queries("caches")["touch_answer"], {"id": answer_id}
        [found] = await fetch(self._pool, scope, touch, may_be_lost=True)
        return bool(found)

    async def _write(self, scope: Scope, row: dict[str, Any]) -> str | None:
        names = queries("caches")
        async with scoped(self._pool, scope) as connection:
            readers = await (await connection.execute(names["common_readers"], row)).fetchone()
            groups = readers[0] if readers else None
            if not groups or not set(groups) & set(scope.access_groups):
                return "its evidence has changed, or has no reader in common"
            row["access_groups"] = sorted(groups)
            await connection.execute(names["replace_answer"], row)
            if await (await connection.execute(names["put_answer"], row)).fetchone() is None:
                return "stored before"
            await connection.execute(names["put_answer_chunks"], row)
            await self._room.make(connection)
        return None

    def _shortest_ttl(self, read: Sequence[Hit]) -> int:
        """Return the least of the sources' times, of which 0 means never; a source without one has ours."""
        own = [getattr(hit, "source_ttl_seconds", None) for hit in read]
        return min((self._ttl if seconds is None else seconds for seconds in own), default=self._ttl)
