"""The query log: every question and answer, written beside the request; see `journal_rows` for what is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from serving.access import Pool, Scope, Statement, fetch
from serving.errors import DatabaseBusy
from serving.journal_rows import answer_row, query_row
from serving.limits import spending
from serving.metrics import JOURNAL_LOST, JOURNAL_QUEUE
from serving.questions import Answer, Asked
from sql import queries

RETRY_SECONDS = 1.0
STOP_SECONDS = 4.0
"""How long a stop waits for the database; after the streams' end, and before the process is killed."""
log = structlog.get_logger(__name__)
Rows = Callable[[], Sequence[Statement]]
"""Makes the statements with their rows; called beside the event loop."""


class Journal:
    """Queues rows and writes them in order in one background task; a clean stop loses none."""

    def __init__(self, pool: Pool, capacity: int = 10_000) -> None:
        self._pool = pool
        self._rows: asyncio.Queue[tuple[Scope, Rows]] = asyncio.Queue(capacity)
        self._writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin writing."""
        self._writer = asyncio.create_task(self._write())

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Write what is queued, for at most `seconds`, and stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._rows.join()
        except TimeoutError:
            lost = self._rows.qsize() + 1  # the writer holds one
            JOURNAL_LOST.inc(lost)
            log.error("journal_lost_rows", rows=lost)
        if self._writer:
            self._writer.cancel()

    def write_query(self, asked: Asked, kind: str) -> None:
        """Queue the row of a question or search."""
        self._put(asked.scope, lambda: [(queries("journal")["log_query"], query_row(asked, kind))])

    def write_answer(self, asked: Asked, answer: Answer) -> None:
        """Queue the row of an answer, finished or not, and book its tokens on the key's account."""
        seconds = time.perf_counter() - asked.started
        spent = spending(asked.scope, sum(answer.usage.get(name, 0) for name in ("input_tokens", "output_tokens")))
        self._put(
            asked.scope,
            lambda: [
                (queries("journal")["log_answer"], answer_row(asked, answer, seconds)),
                (queries("limits")["spend_tokens"], spent),
            ],
        )

    def _put(self, scope: Scope, rows: Rows) -> None:
        try:
            self._rows.put_nowait((scope, rows))
        except asyncio.QueueFull:
            JOURNAL_LOST.inc()
            log.error("journal_full", api_key_id=str(scope.api_key_id))
        JOURNAL_QUEUE.set(self._rows.qsize())

    async def _write(self) -> None:
        while True:
            scope, rows = await self._rows.get()
            try:
                # Masking and judging take milliseconds of processor time: not on the event loop.
                await self._store(scope, await asyncio.to_thread(rows))
            except Exception:
                JOURNAL_LOST.inc()
                log.exception("journal_write_failed")
            finally:
                self._rows.task_done()
                JOURNAL_QUEUE.set(self._rows.qsize())

    async def _store(self, scope: Scope, statements: Sequence[Statement]) -> None:
        """Write rows in one transaction; a database that is away is waited for, as the queue holds the rest."""
        while True:
            try:
                await fetch(self._pool, scope, *statements)
                return
            except DatabaseBusy as error:
                log.warning("journal_waits", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
