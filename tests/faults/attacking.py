"""How attempts are made: many at a time, on the API in this process or on the pool of its database role."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from serving.access import Pool
from serving.app import create_app
from serving.batch_worker import waiting, work
from serving.engine import Engine
from serving.settings import ServingSettings
from sql.migrate import OWNER
from tests.faults.attempts_asking import ask
from tests.faults.attempts_documents import upload
from tests.faults.attempts_later import submit
from tests.faults.bare_statements import READABLE, Session
from tests.faults.intruder import ALIKE, call
from tests.faults.tenants import World

AT_ONCE = 8
SEED = 20_261_125
EMPTY = {
    "corpus.pins", "corpus.tenant_policies", "serving.running_streams", "serving.cache_thresholds",
    "serving.cache_means",
}  # fmt: skip
"""Tables that nothing here writes to."""
_ANY = sql.SQL("select 1 from {} limit 1")


async def all_at_once(count: int, act: Callable[[random.Random], Any]) -> None:
    """Do something many times, some at a time, interleaved on a pool that is smaller than their number."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await act(random.Random(SEED + number))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))


def served(settings: Callable[..., Any], act: Callable[[httpx.AsyncClient], Any]) -> None:
    """Run the API in this process, with two connections for everybody, and do something with a client of it."""
    generous = {"requests_per_minute": 1_000_000, "concurrent_streams": 10_000, "pool_size": 2}
    app = create_app(settings(ServingSettings, generator="extractive", pool_timeout=30.0, **generous))

    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://api", timeout=60) as client,
        ):
            working = asyncio.create_task(work_on_batches(app.state.engine))
            await act(client)
            working.cancel()

    asyncio.run(run())


async def work_on_batches(engine: Engine) -> None:
    """Answer what is handed in, as the worker of another program would."""
    while True:
        for batch in await waiting(engine.pool):
            await work(engine, batch.batch_id, concurrency=2)
        await asyncio.sleep(0.1)


async def enter(pool: Pool, session: Session, act: Callable[[Any], Any]) -> Any:
    """Do something as a session that says of itself what it likes."""
    async with pool.connection() as connection, connection.transaction():
        for name, value in (("regesta.tenant_id", session.tenant), ("regesta.access_groups", session.groups)):
            if value is not None:
                await connection.execute("select set_config(%s, %s, true)", [name, value])
        return await act(connection)


@pytest.fixture(scope="module")
def used(settings: Callable[..., Any], world: World, database: Any) -> None:
    """Let everybody ask, hand in and say something, so that there is something in every table."""

    async def use(client: httpx.AsyncClient) -> None:
        for number, caller in enumerate(world.callers):
            for act in (ask, submit, upload):
                await act(client, world, caller, random.Random(SEED + number))
        for caller in [one for one in world.callers if any(map(one.may_see, world.documents.values()))]:
            own = next(one for one, owner in world.documents.items() if caller.may_see(owner))
            named = {"Idempotency-Key": "restore"}
            await call(client, caller, "POST", f"/v1/documents/{own}/restore", {"reason": "x", "version": 1}, **named)
            answer = (await call(client, caller, "POST", "/v1/ask", {"question": ALIKE[0]})).body["answer_id"]
            await asyncio.sleep(0.5)  # its row is written beside the reply
            await call(client, caller, "POST", "/v1/feedback", {"answer_id": answer, "rating": "up"})

    served(settings, use)
    with psycopg.connect(database.conninfo(OWNER)) as owner:
        rows = {table: owner.execute(_ANY.format(sql.Identifier(*table.split(".")))).fetchone() for table in READABLE}
    empty = {table for table, row in rows.items() if row is None}
    assert empty <= EMPTY, f"an empty table leaks nothing: {empty - EMPTY}"
