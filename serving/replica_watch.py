"""Ask primary and replica where they are, over one connection to each that nothing else uses."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg.rows import dict_row

from corpus.database import conninfo
from serving.replica_standing import Look
from serving.settings import ServingSettings
from sql import queries

STATEMENT_SECONDS = 2
Connection = psycopg.AsyncConnection[dict[str, Any]]


def replica_conninfo(settings: ServingSettings, statement_seconds: int) -> str:
    """Return the connection string of the replica: the primary's role and password, as a standby has no others."""
    there = settings.model_copy(update={"database_url": settings.replica_url})
    return conninfo(there, "regesta_serving", settings.serving_password, statement_seconds)


class Watch:
    """Looks at both servers. Under load no look waits for a question's connection."""

    def __init__(self, settings: ServingSettings) -> None:
        """Args: `settings` must name a replica."""
        self._primary = conninfo(settings, "regesta_serving", settings.serving_password, STATEMENT_SECONDS)
        self._replica = replica_conninfo(settings, STATEMENT_SECONDS)
        self._open: list[Connection] = []

    async def look(self) -> Look:
        """Return what both servers say; after a failure the next look connects anew.

        Raises:
            psycopg.Error: One of them did not answer, or the primary is none.
        """
        # Taken away while in use: a look that hangs must not be met by the next one.
        connections, self._open = self._open, []
        try:
            if not connections:
                connections.append(await _connected(self._primary))
                connections.append(await _connected(self._replica))
            began = time.monotonic()
            primary = await _asked(connections[0], "primary_position")
            replica = await _asked(connections[1], "replica_position")
        except BaseException:
            await _closed(connections)
            raise
        self._open = connections
        return Look(
            began, primary["flushed"], replica["replayed"], replica["is_standby"],
            primary["cluster"] == replica["cluster"],
        )  # fmt: skip

    async def close(self) -> None:
        """Give the connections back."""
        await _closed(self._open)


async def look_once(settings: ServingSettings) -> Look:
    """Look at both servers; as `Watch.look`."""
    watch = Watch(settings)
    try:
        return await watch.look()
    finally:
        await watch.close()


async def _connected(info: str) -> Connection:
    return await psycopg.AsyncConnection.connect(info, autocommit=True, row_factory=dict_row)


async def _asked(connection: Connection, name: str) -> dict[str, Any]:
    row = await (await connection.execute(queries("replica")[name])).fetchone()
    assert row is not None
    return row


async def _closed(connections: list[Connection]) -> None:
    while connections:
        await connections.pop().close()
