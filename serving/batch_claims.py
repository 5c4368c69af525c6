"""A worker's claims on the questions of a batch: taken for a while, finished, or put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from serving.access import Pool, Scope, connected, scoped
from serving.errors import NotFound
from sql import queries


@dataclass(frozen=True)
class Outcome:
    """How a question ended."""

    state: str
    answer_id: UUID | None = None
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None


class Claims:
    """What one worker has in hand of one batch."""

    def __init__(self, pool: Pool, batch_id: UUID, lease_seconds: float) -> None:
        self._pool = pool
        self._own = {"batch_id": batch_id, "worker_id": uuid4(), "lease_seconds": lease_seconds}

    async def scopes(self) -> tuple[Scope, Scope | None]:
        """Return the scope that keeps the books, and the one to ask with: what the key is still granted, if valid.

        Raises:
            NotFound: There is no such batch.
        """
        async with connected(self._pool) as connection:
            row = await (await connection.execute(queries("batches")["batch_scope"], self._own)).fetchone()
        if row is None:
            raise NotFound(f"There is no batch {self._own['batch_id']}.")
        key, tenant, groups, granted = row
        return Scope(key, tenant, tuple(groups)), Scope(key, tenant, tuple(granted)) if granted else None

    async def take(self, owner: Scope) -> dict[str, Any] | None:
        """Claim the next question that waits or was lost with its worker; None when there is none."""
        async with scoped(self._pool, owner) as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(queries("batches")["claim_item"], self._own)
            return await cursor.fetchone()

    async def finish(self, owner: Scope, position: int, outcome: Outcome) -> bool:
        """Store how a question ended; False when it was cancelled, or taken up by another worker."""
        given = {
            "position": position,
            "state": outcome.state,
            "answer_id": outcome.answer_id,
            "result": Jsonb(outcome.result) if outcome.result else None,
            "error": Jsonb(outcome.error) if outcome.error else None,
        }
        return await self._execute(owner, "finish_item", given) == 1

    async def put_back(self) -> None:
        """Let everything in hand wait again, as if it had not been taken up."""
        owner, _ = await self.scopes()
        await self._execute(owner, "release_items", {})

    async def _execute(self, owner: Scope, query: str, given: dict[str, Any]) -> int:
        async with scoped(self._pool, owner) as connection:
            return (await connection.execute(queries("batches")[query], {**self._own, **given})).rowcount
