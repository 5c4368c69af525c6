"""Bulk questions: written down as rows here, worked on elsewhere, read again here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from serving.access import Pool, Scope, scoped
from serving.errors import NotFound
from sql import queries

MAX_QUESTIONS = 10_000
RESULTS_PAGE = 500
BatchState = Literal["waiting", "running", "done", "cancelled"]


@dataclass(frozen=True)
class Question:
    """One question of a batch; `filters` as the API takes them."""

    custom_id: str
    question: str
    filters: dict[str, Any] = field(default_factory=dict)
    top_k: int | None = None


@dataclass(frozen=True)
class Batch:
    """A batch, and how many of its questions stand where."""

    id: UUID
    created_at: datetime
    cancelled_at: datetime | None
    finished_at: datetime | None
    total: int
    waiting: int
    running: int
    done: int
    failed: int
    cancelled: int

    @property
    def state(self) -> BatchState:
        """What follows from its questions."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.waiting == self.total:
            return "waiting"
        return "running" if self.waiting or self.running else "done"


async def submit(pool: Pool, scope: Scope, questions: Sequence[Question]) -> Batch:
    """Write questions down, all or none, and wake whoever works on batches."""
    items = [{"position": position, **asdict(question)} for position, question in enumerate(questions)]
    owner = {
        "tenant_id": scope.tenant_id,
        "api_key_id": scope.api_key_id,
        "access_groups": list(scope.access_groups),
    }
    names = queries("batches")
    async with scoped(pool, scope) as connection:
        row = await (await connection.execute(names["add_batch"], owner)).fetchone()
        assert row is not None
        given = {"batch_id": row[0], "tenant_id": scope.tenant_id, "items": Jsonb(items)}
        await connection.execute(names["add_items"], given)
        await connection.execute(names["notify_batches"])
    return await find(pool, scope, row[0])


async def find(pool: Pool, scope: Scope, batch_id: UUID) -> Batch:
    """Return a batch, for readers who have every group it was handed in with; raise `NotFound` for anybody else."""
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=class_row(Batch)) as cursor:
        await cursor.execute(queries("batches")["find_batch"], {"batch_id": batch_id})
        batch = await cursor.fetchone()
    if batch is None:
        raise NotFound(f"There is no batch {batch_id} that this key may read.")
    return batch


async def cancel(pool: Pool, scope: Scope, batch_id: UUID) -> Batch:
    """Call a batch off: what was answered stays, the rest will not be; one that is done stays done."""
    names = queries("batches")
    async with scoped(pool, scope) as connection:
        if (await connection.execute(names["cancel_batch"], {"batch_id": batch_id})).rowcount:
            await connection.execute(names["cancel_items"], {"batch_id": batch_id})
    return await find(pool, scope, batch_id)


async def results(pool: Pool, scope: Scope, batch_id: UUID) -> AsyncIterator[dict[str, Any]]:
    """Yield the finished questions in order, page by page; no connection is held while they are sent."""
    after = -1
    while True:
        given = {"batch_id": batch_id, "after": after, "limit": RESULTS_PAGE}
        async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(queries("batches")["list_results"], given)
            page = await cursor.fetchall()
        for row in page:
            after = row.pop("position")
            yield row
        if len(page) < RESULTS_PAGE:
            return
