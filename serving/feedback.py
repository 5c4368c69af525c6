"""What people think of an answer, and what follows: a bad one leaves the cache, a verified one stays in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from psycopg.rows import dict_row

from serving.access import Pool, Scope, scoped
from serving.caching.evidence import renumbered
from serving.errors import NotFound, NotPossible
from sql import queries


class AnswerCache(Protocol):
    """What feedback does to the cache of answers."""

    async def evict(self, scope: Scope, answer_id: UUID) -> int:
        """Take an answer out, and return how many entries that were."""
        ...

    async def pin(self, scope: Scope, answer_id: UUID, text: str | None = None) -> None:
        """Keep an answer as verified, with this text if there is one."""
        ...


@dataclass(frozen=True)
class Opinion:
    """What somebody thinks of an answer."""

    rating: Literal["up", "down"]
    reason: str | None = None
    corrected_answer: str | None = None


@dataclass(frozen=True)
class Saved:
    """Feedback as it was stored; `evicted` counts the cached answers it removed."""

    id: UUID
    rated_at: datetime
    evicted: int


async def save(pool: Pool, cache: AnswerCache | None, scope: Scope, answer_id: UUID, opinion: Opinion) -> Saved:
    """Store what a key thinks of an answer; a thumb down also takes it out of the cache.

    Raises:
        NotFound: There is no such answer that the scope may look into.
    """
    answer = await find_answer(pool, scope, answer_id)
    row = {
        "tenant_id": scope.tenant_id,
        "answer_id": answer_id,
        "api_key_id": scope.api_key_id,
        "rating": opinion.rating,
        "reason": opinion.reason,
        "corrected_answer": opinion.corrected_answer,
    }
    async with scoped(pool, scope) as connection:
        saved = await (await connection.execute(queries("answers")["save_feedback"], row)).fetchone()
    assert saved is not None
    evicted = await cache.evict(scope, cached_id(answer)) if cache and opinion.rating == "down" else 0
    return Saved(saved[0], saved[1], evicted)


async def verify(pool: Pool, cache: AnswerCache | None, scope: Scope, answer_id: UUID, text: str | None) -> str:
    """Keep an answer in the cache as verified, in other words if they are given; return the text that is kept.

    Raises:
        NotFound: There is no such answer that the scope may look into.
        NotPossible: It was not finished, or no answers are cached.
    """
    answer = await find_answer(pool, scope, answer_id)
    if answer["state"] != "complete" and text is None:
        raise NotPossible(f"The answer is {answer['state']}; give the text that is to be kept instead.")
    if cache is None:
        raise NotPossible("Answers are not cached here, so there is nowhere to keep a verified one.")
    # In the cache an answer cites its passages by their order, whatever their numbers were for this question.
    places = {int(entry["number"]): place for place, entry in enumerate(answer["citations"], 1)}
    await cache.pin(scope, cached_id(answer), renumbered(text, places) if text else None)
    return text or str(answer["text"])


def cached_id(answer: dict[str, Any]) -> UUID:
    """Return the id an answer is cached under: one that came from the cache has the id of the one it repeats."""
    found: UUID = answer["cached_answer_id"] or answer["answer_id"]
    return found


async def find_answer(pool: Pool, scope: Scope, answer_id: UUID) -> dict[str, Any]:
    """Return an answer, for readers who have every group of the key that asked; raise `NotFound` for anybody else."""
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("answers")["find_answer"], {"answer_id": answer_id})
        found = await cursor.fetchone()
    if found is None:
        raise NotFound(f"There is no answer {answer_id} that this key may look into.")
    return found
