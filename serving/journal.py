"""The query log: every question and answer as rows, written beside the request, never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, LiteralString

import structlog
from psycopg.types.json import Jsonb

from serving.access import Pool, Scope, scoped
from sql import queries

if TYPE_CHECKING:
    from serving.engine import Answer, Asked

log = structlog.get_logger(__name__)
Row = tuple[Scope, LiteralString, dict[str, Any]]


class Journal:
    """Queues rows and writes them in order in one background task; a clean stop loses none."""

    def __init__(self, pool: Pool, capacity: int = 10_000) -> None:
        self._pool = pool
        self._rows: asyncio.Queue[Row] = asyncio.Queue(capacity)
        self._writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin writing."""
        self._writer = asyncio.create_task(self._write())

    async def stop(self, seconds: float = 10.0) -> None:
        """Write what is queued, for at most `seconds`, and stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._rows.join()
        except TimeoutError:
            log.error("journal_lost_rows", rows=self._rows.qsize())
        if self._writer:
            self._writer.cancel()

    def write_query(self, asked: Asked, kind: str) -> None:
        """Queue the row of a question or search."""
        row = {
            "id": asked.id,
            "tenant_id": asked.scope.tenant_id,
            "api_key_id": asked.scope.api_key_id,
            "kind": kind,
            "question": _storable(asked.question),
            "mode": asked.mode,
            "hits": Jsonb(
                [
                    {"chunk_id": str(hit.chunk_id), "text_rank": hit.text_rank, "vector_rank": hit.vector_rank,
                     "score": hit.score}
                    for hit in asked.hits
                ]
            ),
            "timings": Jsonb(asked.timings),
        }  # fmt: skip
        self._put((asked.scope, queries("serving")["log_query"], row))

    def write_answer(self, asked: Asked, answer: Answer, citations: Sequence[dict[str, Any]]) -> None:
        """Queue the row of an answer, finished or not."""
        kept = ("number", "document_id", "version", "chunk_id")
        row = {
            "query_id": asked.id,
            "tenant_id": asked.scope.tenant_id,
            "generator": answer.generator,
            "model": answer.model,
            "state": answer.state,
            "text": _storable(answer.text),
            "citations": Jsonb([{name: str(entry[name]) for name in kept} for entry in citations]),
            "usage": Jsonb(answer.usage),
            "error": answer.error or answer.degraded,
            "first_token_seconds": answer.first_token_seconds,
        }
        self._put((asked.scope, queries("serving")["log_answer"], row))

    def _put(self, row: Row) -> None:
        try:
            self._rows.put_nowait(row)
        except asyncio.QueueFull:
            log.error("journal_full", query_id=str(row[2].get("id") or row[2].get("query_id")))

    async def _write(self) -> None:
        while True:
            scope, statement, row = await self._rows.get()
            try:
                async with scoped(self._pool, scope) as connection:
                    await connection.execute(statement, row)
            except Exception:
                log.exception("journal_write_failed")
            finally:
                self._rows.task_done()


def _storable(text: str) -> str:
    """Return text Postgres can hold: it refuses the character NUL."""
    return text.replace("\x00", "")
