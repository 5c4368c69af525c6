"""The event trigger: notices rows that wait in an outbox of our Postgres and tells Airflow.

`NOTIFY` only wakes it; the table is the truth. Nothing is marked as taken here, so a crash anywhere loses nothing:
what is still waiting after a while is announced again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import psycopg
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

REMIND_SECONDS = 60.0
"""First reminder of what still waits; each further one of the same row waits twice as long, up to an hour."""
MAX_REMIND_SECONDS = 3600.0
GATHER_SECONDS = 2.0
"""Least pause between two events, so that a burst of uploads is not a burst of runs."""
RECONNECT_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
DATABASE_SECONDS = 30.0
KEEPALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}


class Announcements:
    """Which names to announce: those with a new row at once, those still waiting after ever longer pauses."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, float, float]] = {}

    def choose(self, waiting: dict[str, str], now: float) -> list[str]:
        """Return the names to announce now.

        Args:
            waiting: Newest waiting row by name.
            now: Seconds on a clock that never goes back.
        """
        self._last = {name: last for name, last in self._last.items() if name in waiting}
        chosen = []
        for name, newest in waiting.items():
            row, announced_at, pause = self._last.get(name, ("", now, 0.0))
            if row == newest and now < announced_at + pause:
                continue
            longer = min(2 * pause, MAX_REMIND_SECONDS) if row == newest else REMIND_SECONDS
            self._last[name] = (newest, now, longer)
            chosen.append(name)
        return chosen

    def pause(self, now: float) -> float:
        """Return the seconds until the next reminder, at most the usual pause."""
        return min([REMIND_SECONDS, *(max(at + pause - now, 0.1) for _, at, pause in self._last.values())])


class OutboxTrigger(BaseEventTrigger):
    """Fires when rows wait; the event says under which names: `{"sources": [...]}`.

    Args:
        channel: What the writers `NOTIFY`.
        query: `file.name` of the query (`sql/queries/`) that returns a name and its newest waiting row.
    """

    def __init__(self, channel: str = "regesta_arrivals", query: str = "arrivals.waiting_arrivals") -> None:
        super().__init__()
        self.channel = channel
        self.query = query

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what Airflow makes the trigger from again."""
        return "regesta_triggers.OutboxTrigger", {"channel": self.channel, "query": self.query}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch for ever; a lost database is waited for."""
        announcements, failures = Announcements(), 0
        while True:
            try:
                async with aclosing(self._watch(announcements)) as watched:
                    async for names in watched:
                        failures = 0
                        if names:
                            yield TriggerEvent({"sources": names})
                            await asyncio.sleep(GATHER_SECONDS)
            except (psycopg.Error, OSError, TimeoutError) as error:
                pause = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
                failures += 1
                self.log.warning("Lost the database (%s); trying again in %.0f s", error, pause)
                await asyncio.sleep(pause)

    async def _watch(self, announcements: Announcements) -> AsyncIterator[list[str]]:
        """Yield names to announce, possibly none, on one connection, for as long as it holds."""
        from psycopg.sql import SQL, Identifier

        from sql import queries

        topic, _, name = self.query.partition(".")
        async with asyncio.timeout(DATABASE_SECONDS):
            connection = await psycopg.AsyncConnection.connect(self._conninfo(), autocommit=True, **KEEPALIVE)
        try:
            # Listen first, look second: what comes in between wakes us again.
            await connection.execute(SQL("listen {}").format(Identifier(self.channel)))
            while True:
                async with asyncio.timeout(DATABASE_SECONDS):
                    rows = await (await connection.execute(queries(topic)[name])).fetchall()
                yield announcements.choose({str(row[0]): str(row[1]) for row in rows}, time.monotonic())
                async for _ in connection.notifies(timeout=announcements.pause(time.monotonic()), stop_after=1):
                    pass
        finally:
            await connection.close()  # at once: a database that is gone is not asked to roll back

    def _conninfo(self) -> str:
        from corpus.database import conninfo
        from ingestion.settings import IngestionSettings

        settings = IngestionSettings()
        return conninfo(settings, "regesta_ingestion", settings.ingestion_password)
