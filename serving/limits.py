"""How much a key may ask for: requests a minute, answers at once, tokens a day; counted in Postgres for all workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import structlog

from serving.access import Pool, Scope, fetch, scoped
from serving.errors import DatabaseBusy, TokensSpent, TooManyRequests, TooManyStreams
from sql import queries

LEASE_SECONDS = 60.0
"""How long an answer counts as running after its worker was last heard of."""
CLOSE_SECONDS = 1.0
_STREAMS_RETRY_SECONDS = 2  # nobody knows when one of the key's answers ends
_PATIENCE = (0.05, 0.1, 0.2)
"""Seconds between looks for a free place: an answer gives its place back just after its last byte was sent."""
log = structlog.get_logger(__name__)


def minute_seconds_left() -> int:
    """Return the seconds until a new minute, and with it a new count, begins; at least one."""
    return 60 - int(time.time()) % 60


def check_rate(scope: Scope) -> None:
    """Raise `TooManyRequests` when this request is one too many in its minute."""
    if scope.minute_requests > scope.limits.requests_per_minute:
        seconds = minute_seconds_left()
        raise TooManyRequests(
            f"This key may ask {scope.limits.requests_per_minute} times a minute. Ask again in {seconds} s.", seconds
        )


def spending(scope: Scope, tokens: int) -> dict[str, Any]:
    """Return what the query `spend_tokens` is given, for who writes it beside other rows."""
    return _of(scope, tokens=tokens)


class Limiter:
    """Holds answers to what their key may have running, and books what they cost."""

    def __init__(self, pool: Pool, lease_seconds: float = LEASE_SECONDS) -> None:
        self._pool = pool
        self._lease = {"lease": timedelta(seconds=lease_seconds)}
        self._pause = lease_seconds / 3
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def stream(self, scope: Scope) -> AsyncIterator[None]:
        """Count an answer as running while the block lasts; enter it before anything is sent.

        A task renews the lease meanwhile, so that the answers of a worker that was killed stop counting. No
        connection is held.

        Raises:
            TooManyStreams: The key has as many answers running as it may.
            TokensSpent: The key has used up its tokens of the day.
            DatabaseBusy: The database did not answer.
        """
        lease_id = await self._take_patiently(scope)
        renewing = asyncio.create_task(self._renew(scope, lease_id))
        try:
            yield
        finally:
            renewing.cancel()
            # A task of its own: whoever leaves early is being cancelled, and the lease must be given back all the same.
            # Nobody waits for it: an error's reply is sent after this, and the database may be away.
            ending = asyncio.create_task(self._end(scope, lease_id))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def spend(self, scope: Scope, tokens: int) -> None:
        """Book tokens a language model read and wrote; the answer that goes beyond the limit is the last of the day."""
        async with scoped(self._pool, scope) as connection:
            await connection.execute(queries("limits")["spend_tokens"], spending(scope, tokens))

    async def close(self) -> None:
        """Wait a moment for the leases that are being given back; the rest run out by themselves."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=CLOSE_SECONDS)

    async def _take_patiently(self, scope: Scope) -> UUID:
        for pause in _PATIENCE:
            try:
                return await self._take(scope)
            except TooManyStreams:
                await asyncio.sleep(pause)
        return await self._take(scope)

    async def _take(self, scope: Scope) -> UUID:
        limits = scope.limits
        given = _of(
            scope, concurrent_streams=limits.concurrent_streams, tokens_per_day=limits.tokens_per_day, **self._lease
        )
        names = queries("limits")
        statements = (names["lock_streams"], given), (names["take_stream"], given)
        _, [row] = await fetch(self._pool, scope, *statements, may_be_lost=True)
        if row["is_spent"]:
            raise TokensSpent(
                f"This key may use {limits.tokens_per_day} tokens a day, and has. A new day begins at 00:00 UTC.",
                max(1, row["day_seconds_left"]),
            )
        if row["lease_id"] is None:
            raise TooManyStreams(
                f"This key may have {limits.concurrent_streams} answers running at once.", _STREAMS_RETRY_SECONDS
            )
        lease_id: UUID = row["lease_id"]
        return lease_id

    async def _renew(self, scope: Scope, lease_id: UUID) -> None:
        while True:
            await asyncio.sleep(self._pause)
            await self._try(scope, queries("limits")["extend_stream"], {"lease_id": lease_id, **self._lease})

    async def _end(self, scope: Scope, lease_id: UUID) -> None:
        await self._try(scope, queries("limits")["end_stream"], {"lease_id": lease_id})

    async def _try(self, scope: Scope, statement: LiteralString, given: dict[str, Any]) -> None:
        """Do without it when the database is away: the lease runs out by itself, and the answer goes on."""
        try:
            await fetch(self._pool, scope, (statement, given), may_be_lost=True)
        except DatabaseBusy as error:
            log.warning("lease_not_updated", reason=str(error))


def _of(scope: Scope, **more: Any) -> dict[str, Any]:
    return {"api_key_id": scope.api_key_id, "tenant_id": scope.tenant_id, **more}
