"""Answer the questions of a batch with the engine, the caches and the rights of whoever handed it in.

A question is claimed for a while, answered, and finished in one statement that holds only while it is still this
worker's. Killed anywhere, it is taken up again when its time is up; a cancelled one is finished by nobody.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from serving.access import Pool, Scope, connected
from serving.api.filters import FilterBody
from serving.batch_claims import Claims, Outcome
from serving.engine import Engine
from serving.errors import DatabaseBusy, ModelUnavailable, NotAuthenticated, ServingError
from sql import queries

CONCURRENCY = 4
LEASE_SECONDS = 300.0
MAX_ATTEMPTS = 3
INFRASTRUCTURE = (DatabaseBusy, ModelUnavailable)
"""Errors that no question is to blame for: the worker stops, and the questions go on waiting."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Waiting:
    """A batch with questions that nobody has in hand."""

    batch_id: UUID
    count: int


async def waiting(pool: Pool) -> Sequence[Waiting]:
    """Return the batches that wait, oldest first; also those whose worker was lost."""
    async with connected(pool) as connection:
        rows = await (await connection.execute(queries("batches")["waiting_batches"])).fetchall()
    return [Waiting(UUID(name), count) for name, _, count in rows]


async def work(
    engine: Engine, batch_id: UUID, concurrency: int = CONCURRENCY, lease_seconds: float = LEASE_SECONDS
) -> Counter[str]:
    """Answer what waits of a batch, side by side with other workers; return how many ended in which state.

    Raises:
        ServingError: The database or the embedding model is down; what this worker had in hand waits again.
        NotFound: There is no such batch.
    """
    worker = _Worker(engine, batch_id, lease_seconds)
    loops = [asyncio.create_task(worker.drain()) for _ in range(concurrency)]
    try:
        for loop in asyncio.as_completed(loops):
            await loop
    finally:
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        with suppress(ServingError):  # with the database down, the time of what is in hand runs out instead
            await worker.claims.put_back()
    return worker.ended


class _Worker:
    def __init__(self, engine: Engine, batch_id: UUID, lease_seconds: float) -> None:
        self.engine, self.lease_seconds = engine, lease_seconds
        self.claims = Claims(engine.pool, batch_id, lease_seconds)
        self.ended: Counter[str] = Counter()

    async def drain(self) -> None:
        """Claim, answer and finish until nothing waits."""
        while True:
            owner, asker = await self.claims.scopes()
            item = await self.claims.take(owner)
            if item is None:
                return
            outcome = await self._outcome(asker, item)
            if await self.claims.finish(owner, item["position"], outcome):
                self.ended[outcome.state] += 1

    async def _outcome(self, asker: Scope | None, item: dict[str, Any]) -> Outcome:
        if asker is None:
            return _failed(NotAuthenticated.slug, "The key this batch was handed in with is not valid any more.")
        if item["attempts"] > MAX_ATTEMPTS:
            return _failed("given-up", f"{MAX_ATTEMPTS} workers were lost while they had this question in hand.")
        try:
            # Given up before another worker may take it for lost.
            async with asyncio.timeout(0.9 * self.lease_seconds):
                return await answer(self.engine, asker, item)
        except INFRASTRUCTURE:
            raise
        except ServingError as error:
            return _failed(error.slug, str(error))
        except TimeoutError:
            return _failed("timeout", f"There was no answer within {0.9 * self.lease_seconds:.0f} s.")
        except Exception:
            log.exception("batch_item_failed", position=item["position"])
            return _failed(ServingError.slug, "The answer could not be finished; the log has the details.")


async def answer(engine: Engine, scope: Scope, item: dict[str, Any]) -> Outcome:
    """Ask one question and read its answer to the end; an error event is the outcome, not an exception."""
    filters = FilterBody.model_validate(item["filters"]).to_filters()
    asked = await engine.ask(scope, item["question"], filters, item["top_k"])
    reply: dict[str, Any] = {"answer": ""}
    async for event in engine.answer(asked):
        if event.kind == "meta":
            reply.update(event.data)
        elif event.kind == "token":
            reply["answer"] += event.data["text"]
        elif event.kind == "usage":
            reply["usage"] = event.data
        elif event.kind == "done":
            reply["citations"] = event.data["citations"]
        elif event.kind == "error":
            return Outcome("failed", asked.id, error={"type": event.data["type"], "detail": event.data["detail"]})
    return Outcome("done", asked.id, result=json.loads(json.dumps(reply, default=str)))


def _failed(kind: str, detail: str) -> Outcome:
    return Outcome("failed", error={"type": kind, "detail": detail})
