"""The cached answers as rows in Postgres: near ones, a new one, and what becomes of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from serving.access import Pool, Rows, Scope, fetch, scoped
from serving.caching import similarity
from serving.caching.asking import Asked
from serving.caching.room import Room
from serving.errors import NotFound
from sql import queries


class KeptAnswers:
    """Reads and writes cached answers under a scope; decides nothing but who may read them."""

    def __init__(self, pool: Pool, room: Room) -> None:
        self._pool = pool
        self._room = room

    async def near(self, scope: Scope, asked: Asked, generator: str) -> tuple[Rows, Rows]:
        """Return the answers nearest to a question, by this generator or verified, and the thresholds."""
        names = queries("caches")
        given = {**asked.parameters(), "limit": similarity.NEIGHBOURS, "generator": generator}
        near, calibrated = await fetch(
            self._pool, scope, (names["nearest_answers"], given), (names["thresholds"], given)
        )
        return near, calibrated

    async def touch(self, scope: Scope, answer_id: UUID) -> bool:
        """Note that an answer is given again; False when it was evicted in the meantime."""
        [found] = await fetch(
            self._pool, scope, (queries("caches")["touch_answer"], {"id": answer_id}), may_be_lost=True
        )
        return bool(found)

    async def add(self, scope: Scope, row: dict[str, Any]) -> str | None:
        """Keep an answer whose evidence has readers now; return why it was not kept, or None.

        Nothing is published between that check and the end of the transaction.
        """
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
            for statement in self._room.for_one_more():
                await connection.execute(*statement)
        return None

    async def evict(self, scope: Scope, answer_id: UUID) -> int:
        """Forget an answer; return how many were forgotten."""
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
