"""The event trigger against real Postgres."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from corpus.landing import put
from ingestion import runs
from ingestion.arrivals import settle_arrivals
from ingestion.settings import IngestionSettings
from ingestion.sources import add_source
from ingestion.workbench import Workbench

# Airflow reads its configuration at first import and must not find anybody's own.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-trigger-"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugins"))

import regesta_triggers
from regesta_triggers import OutboxTrigger


class Outbox:
    """An upload source and a trigger that watches."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.name = bench, f"t{uuid4().hex[:12]}"
        self.connection = bench.connect()
        self.source = add_source(self.connection, self.name, "upload://")

    def put(self, text: str) -> None:
        put(self.connection, self.bench.store, self.name, "a.md", text.encode(), media_type="text/markdown",
            actor="test", max_bytes=100)  # fmt: skip

    def settle(self) -> None:
        run_id, *_ = runs.open_run(self.connection, self.source, "local", f"test__{uuid4()}")
        runs.settle_run(self.connection, run_id, 10_000)
        assert settle_arrivals(self.connection, run_id)


@pytest.fixture
def outbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    found: IngestionSettings = settings(IngestionSettings)
    for name in ("database_url", "ingestion_password"):
        value = getattr(found, name)
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        monkeypatch.setenv(f"REGESTA_{name.upper()}", text)
    monkeypatch.setattr(regesta_triggers, "GATHER_SECONDS", 0.05)
    outbox = Outbox(Workbench(found))
    yield outbox
    outbox.settle()  # the next test must not hear of it
    outbox.connection.close()


@asynccontextmanager
async def watching() -> AsyncIterator[Any]:
    """Give `next_event(seconds)`: the names of the next event, or None when none comes in time."""
    path, arguments = OutboxTrigger().serialize()
    assert path == "regesta_triggers.OutboxTrigger"
    events: asyncio.Queue[Any] = asyncio.Queue()

    async def watch() -> None:
        async for event in OutboxTrigger(**arguments).run():
            await events.put(event.payload["sources"])

    async def next_event(seconds: float) -> Any:
        try:
            return await asyncio.wait_for(events.get(), seconds)
        except TimeoutError:
            assert not task.done(), task.exception()
            return None

    task = asyncio.create_task(watch())
    try:
        yield next_event
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_an_arrival_is_announced_within_two_seconds(outbox: Outbox) -> None:
    async def scenario() -> None:
        async with watching() as next_event:
            assert await next_event(0.5) is None
            started = time.monotonic()
            await asyncio.to_thread(outbox.put, "one")
            assert await next_event(5) == [outbox.name]
            assert time.monotonic() - started < 2
            assert await next_event(0.3) is None, "once is enough for now"
            await asyncio.to_thread(outbox.put, "two")
            assert await next_event(2) == [outbox.name]

    asyncio.run(scenario())


def test_what_waited_before_is_announced_and_what_still_waits_again(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regesta_triggers, "REMIND_SECONDS", 0.6)
    outbox.put("before anybody watched")

    async def scenario() -> None:
        async with watching() as next_event:
            assert await next_event(2) == [outbox.name]
            assert await next_event(0.3) is None
            assert await next_event(2) == [outbox.name]
            await asyncio.to_thread(outbox.settle)
            assert await next_event(2) is None

    asyncio.run(scenario())
    outbox.put("for the fixture to settle")


def test_a_lost_connection_is_made_again(outbox: Outbox, database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regesta_triggers, "RECONNECT_SECONDS", (0.1,))

    def cut() -> int:
        with psycopg.connect(database.admin, autocommit=True) as admin:
            return admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = %s and usename = 'regesta_ingestion' and pid <> %s",
                [database.name, outbox.connection.info.backend_pid],
            ).rowcount

    async def scenario() -> None:
        async with watching() as next_event:
            assert await next_event(1) is None
            assert await asyncio.to_thread(cut) == 1
            await asyncio.to_thread(outbox.put, "while nobody listened")
            assert await next_event(3) == [outbox.name]

    asyncio.run(scenario())
