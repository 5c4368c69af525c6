"""Writes sent twice: done once, answered alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from serving.access import Pool, Scope, authenticate
from serving.connections import ConnectionPool
from serving.errors import IdempotencyKeyReused, WriteAtWork
from serving.idempotency import Reply, once, write


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None) -> Iterator[httpx.Client]:
    with serving(generator="extractive") as client:
        yield client


@pytest.fixture(scope="module")
def path(api: httpx.Client) -> str:
    [hit, *_] = api.post("/v1/search", json={"query": "login"}).json()["hits"]
    return f"/v1/documents/{hit['document_id']}/restore"


def requests(database: Any) -> int:
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        [[count]] = owner.execute("select count(*) from landing.requests").fetchall()
        return int(count)


def test_a_write_sent_again_is_done_once_and_answered_alike(api: httpx.Client, path: str, database: Any) -> None:
    before, headers = requests(database), {"Idempotency-Key": f"key {uuid4()}"}
    first, second = (api.post(path, json={"reason": "again", "version": 1}, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json() and first.headers["location"] == second.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert requests(database) == before + 1
    other = api.post(path, json={"reason": "another", "version": 1}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:regesta:problem:idempotency-key-reused"


def test_without_a_name_every_write_is_its_own(api: httpx.Client, path: str, database: Any) -> None:
    before = requests(database)
    for _ in range(2):
        assert api.post(path, json={"reason": "again", "version": 1}).status_code == 202
    assert requests(database) == before + 2


def test_what_failed_is_not_kept(api: httpx.Client, path: str) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    assert api.post(path, json={"reason": ""}, headers=headers).status_code == 422
    assert api.post(path, json={"reason": "now it is right", "version": 1}, headers=headers).status_code == 202


@pytest.mark.parametrize("name", ["", "x" * 256, "two\tparts"])
def test_a_name_that_is_none_is_refused(api: httpx.Client, path: str, name: str) -> None:
    response = api.post(path, json={"reason": "x"}, headers={"Idempotency-Key": name})
    assert response.status_code == 422, response.text


def test_a_name_belongs_to_its_key(api: httpx.Client, path: str, new_key: Callable[..., str], database: Any) -> None:
    before, name, body = requests(database), str(uuid4()), {"reason": "mine", "version": 1}
    for key in (new_key(), new_key()):
        headers = {"Idempotency-Key": name, "Authorization": f"Bearer {key}"}
        assert "idempotent-replayed" not in api.post(path, json=body, headers=headers).headers
    assert requests(database) == before + 2


def with_pool(database: Any, key: str, act: Callable[[Pool, Scope], Awaitable[None]]) -> None:
    async def run() -> None:
        async with ConnectionPool(database.conninfo("regesta_serving"), min_size=1, max_size=4) as pool:
            await act(pool, await authenticate(pool, key))

    asyncio.run(run())


def test_of_many_at_once_one_is_done(database: Any, new_key: Callable[..., str]) -> None:
    done: list[int] = []

    async def act() -> Reply:
        done.append(1)
        await asyncio.sleep(0.3)
        return Reply(201, b"made", {"location": "/there"})

    async def race(pool: Pool, scope: Scope) -> None:
        one = write("race", "POST", "/x", b"body")
        outcomes = await asyncio.gather(*[once(pool, scope, one, act) for _ in range(8)], return_exceptions=True)
        assert sum(isinstance(outcome, WriteAtWork) for outcome in outcomes) == 7
        assert len(done) == 1
        assert await once(pool, scope, one, act) == (Reply(201, b"made", {"location": "/there"}), True)
        with pytest.raises(IdempotencyKeyReused):
            await once(pool, scope, write("race", "POST", "/x", b"other"), act)

    with_pool(database, new_key(), race)


def test_a_name_left_by_a_killed_worker_is_free_again(
    database: Any, new_key: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    monkeypatch.setattr("serving.idempotency.AT_WORK", timedelta(seconds=0.2))

    async def never() -> Reply:
        raise KeyboardInterrupt  # stands for a kill: nothing after it is done

    async def later(pool: Pool, scope: Scope) -> None:
        one = write("killed", "POST", "/x", b"")
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("serving.idempotency.queries", _without_release)
            await once(pool, scope, one, never)
        with pytest.raises(WriteAtWork):
            await once(pool, scope, one, never)
        await asyncio.sleep(0.3)

        async def act() -> Reply:
            return Reply(200, b"")

        assert await once(pool, scope, one, act) == (Reply(200, b""), False)

    with_pool(database, new_key(), later)


def _without_release(topic: str) -> dict[str, Any]:
    from sql import queries

    return {**queries(topic), "release_write": "select 1"}
