"""Hundreds of clients that leave at random moments leave nothing behind: no stream, no connection, no upstream."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog

from tests.messages_server import MessagesServer
from tests.messages_server import running as messages_running

CLIENTS = 300
REST_SECONDS = 2.0


@pytest.fixture(scope="module")
def upstream() -> Iterator[MessagesServer]:
    with messages_running() as server:
        server.fault = "endless"
        yield server


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None, upstream: MessagesServer) -> Iterator[httpx.Client]:
    with serving(anthropic_api_key="sk-test", anthropic_base_url=upstream.url, first_token_timeout=60) as client:
        yield client


def gauges(api: httpx.Client) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in api.get("/metrics").text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def leave(client: httpx.AsyncClient, moment: float, is_stream: bool) -> None:
    """Ask, and hang up at a moment: while connecting, searching, before the first token or in the middle."""
    asked = {"question": "After how many wrong passwords is an account locked?", "stream": is_stream}
    try:
        async with asyncio.timeout(moment), client.stream("POST", "/v1/ask", json=asked) as response:
            async for _ in response.aiter_bytes():
                pass
    except TimeoutError:
        return


async def crowd(api: httpx.Client) -> None:
    chance = random.Random(4)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=api.base_url, headers=api.headers, limits=limits, timeout=60, trust_env=False
    ) as client:
        await asyncio.gather(*(leave(client, chance.uniform(0.01, 6), chance.random() < 0.8) for _ in range(CLIENTS)))


def test_three_hundred_clients_that_leave_leave_nothing_behind(
    api: httpx.Client, upstream: MessagesServer, caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as logged:
        asyncio.run(crowd(api))
        deadline = time.monotonic() + REST_SECONDS
        while (found := at_rest(api, upstream)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert found == {}
        reply = api.post("/v1/search", json={"query": "password"})
    assert reply.status_code == 200 and reply.json()["hits"]
    assert len(upstream.requests) > CLIENTS / 10, "the model was hardly reached, so nothing was tried"
    assert [entry for entry in logged if entry["log_level"] in ("error", "critical")] == []
    assert [record.message for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


def at_rest(api: httpx.Client, upstream: MessagesServer) -> dict[str, float]:
    """Return what is not at rest."""
    found = gauges(api)
    busy = {
        "streams": found["regesta_streams"],
        "waiting for a connection": found['regesta_pool_connections{state="waiting"}'],
        "upstream": float(len(upstream.writing)),
    }
    return {name: value for name, value in busy.items() if value}
