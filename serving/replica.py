"""Search on a read replica while it may be trusted; whatever happens there, the primary can do the search instead."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import psycopg
import structlog

from serving.access import Connection, Pool
from serving.connections import ConnectionPool
from serving.errors import ServingError
from serving.metrics import REPLICA_FALLBACKS, REPLICA_LAG, REPLICA_SEARCHES
from serving.overrun import Overrun
from serving.replica_standing import Reason, ReplicaBehind, Standing, reason_of
from serving.replica_watch import Watch, replica_conninfo
from serving.settings import ServingSettings

LOOK_SECONDS = 0.5
"""Between two looks at the servers' positions."""
LOOK_TIMEOUT = 2.0
REST_SECONDS = 10.0
"""How long a replica that failed a search is left alone: not one question is spent on finding out."""
STOP_SECONDS = 1.0
"""How long connections that are being made may hold up a stop."""
POOL_TIMEOUT = 0.2
"""Seconds to wait for a connection there: the primary has some too."""
log = structlog.get_logger(__name__)
Found = TypeVar("Found")


class Replica:
    """A standby's connections, and what is known of it."""

    def __init__(self, pool: Pool, watch: Watch, standing: Standing, timeout: float) -> None:
        """Args: `timeout` is how many seconds a search may take there."""
        self._pool, self._watch, self._standing, self._timeout = pool, watch, standing, timeout
        self._overrun = Overrun()
        self._watching: asyncio.Task[None] | None = None
        self._told: Reason | None = "unknown"

    async def start(self) -> None:
        """Begin to watch; until it was seen once, it is not used."""
        await self._pool.open(wait=False)
        self._watching = asyncio.create_task(self._keep_watch())

    async def stop(self) -> None:
        """Stop watching and give everything back."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self._overrun.stop()
        await self._watch.close()
        await self._pool.close(STOP_SECONDS)

    @property
    def refusal(self) -> Reason | None:
        """Why it is not used now; None when it is."""
        return self._standing.refusal()

    async def search(
        self, release: int | None, search: Callable[[Pool, int], Coroutine[Any, Any, Found]]
    ) -> Found | None:
        """Search there; None when the primary has to.

        Args:
            release: The release of the corpus that the primary serves, read before; None when the search looks back,
                of which no release tells how old it is.
            search: Searches on a pool, and raises `ReplicaBehind` when that does not serve the release yet.
        """
        reason = self._standing.refusal()
        if release is None:
            reason = "looks-back"
        elif reason is None:
            try:
                found = await self._overrun.wait(search(self._pool, release), self._timeout)
                REPLICA_SEARCHES.inc()
                return found
            except (psycopg.Error, ServingError, ReplicaBehind, TimeoutError) as error:
                reason = reason_of(error)
                self._standing.failed(reason)
                self._tell(str(error))
        REPLICA_FALLBACKS.labels(reason).inc()
        return None

    async def _keep_watch(self) -> None:
        while True:
            problem = ""
            try:
                self._standing.saw(await self._overrun.wait(self._watch.look(), LOOK_TIMEOUT))
            except Exception as error:  # whatever it is, the next look may succeed
                self._standing.missed()
                problem = f"{type(error).__name__}: {error}"
            REPLICA_LAG.set(self._standing.lag())
            self._tell(problem)
            await asyncio.sleep(LOOK_SECONDS)

    def _tell(self, problem: str) -> None:
        """Log whether it is used, when that has changed."""
        refusal = self._standing.refusal()
        if refusal == self._told:
            return
        self._told = refusal
        if refusal is None:
            log.info("replica_used")
        else:
            log.warning("replica_not_used", reason=refusal, problem=problem)


@asynccontextmanager
async def open_replica(settings: ServingSettings) -> AsyncIterator[Replica | None]:
    """Open the replica the settings name, if any; that it is away is no failure."""
    if settings.replica_url is None:
        yield None
        return
    pool = ConnectionPool(
        replica_conninfo(settings, math.ceil(settings.replica_timeout)),
        min_size=1,
        max_size=settings.pool_size,
        timeout=POOL_TIMEOUT,
        reconnect_timeout=1.0,  # soon given up, and begun again when the watch has seen it
        configure=_read_only,
        open=False,
    )
    standing = Standing(settings.replica_lag_seconds, REST_SECONDS)
    replica = Replica(pool, Watch(settings), standing, settings.replica_timeout)
    await replica.start()
    try:
        yield replica
    finally:
        await replica.stop()


async def _read_only(connection: Connection) -> None:
    """Write nothing there, whatever it turns out to be."""
    await connection.set_read_only(True)
