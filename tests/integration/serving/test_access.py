"""Keys at the door of the API: what they may do, for how long, how much, and who hears of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi.routing import APIRoute

from serving.access import PERMISSIONS, Scope, fetch
from serving.connections import ConnectionPool
from serving.errors import NotFound, ServingError
from serving.keys import create_key, list_keys, revoke_key, rotate_key

QUESTION = {"question": "After how many wrong passwords is an account locked?"}
SEARCH = {"query": "passwords"}


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None) -> Iterator[httpx.Client]:
    with serving(generator="extractive") as client:
        yield client


@pytest.fixture
def keys(database: Any) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the command line has it."""
    with psycopg.connect(database.conninfo("regesta_serving"), autocommit=True) as connection:
        yield connection


def post(api: httpx.Client, path: str, key: str, body: Any) -> httpx.Response:
    return api.post(path, json=body, headers={"Authorization": f"Bearer {key}"})


def assert_problem(response: httpx.Response, status: int, slug: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:regesta:problem:{slug}"


def test_a_key_does_what_its_scopes_say(api: httpx.Client, new_key: Callable[..., str]) -> None:
    searcher = new_key(scopes=["search"])
    assert post(api, "/v1/search", searcher, SEARCH).status_code == 200
    for path, body in (("/v1/ask", QUESTION), ("/ask", QUESTION)):
        assert_problem(post(api, path, searcher, body), 403, "not-allowed")
    assert_problem(post(api, f"/v1/documents/{uuid4()}/restore", searcher, {"reason": "x"}), 403, "not-allowed")
    assert_problem(post(api, "/v1/search", new_key(scopes=["ask"]), SEARCH), 403, "not-allowed")


def test_every_route_that_takes_a_key_asks_for_a_scope() -> None:
    from serving.app import create_app

    needs = {}
    for route in create_app().routes:
        if isinstance(route, APIRoute):
            names, waiting = set(), [route.dependant]
            while waiting:
                found = waiting.pop()
                names.add(getattr(found.call, "__qualname__", ""))
                waiting += found.dependencies
            if "scope_of" in names or route.path.startswith("/v1/"):
                needs[route.path] = "require.<locals>.allowed" in names
    assert needs and all(needs.values()), [path for path, is_guarded in needs.items() if not is_guarded]


def test_a_revoked_and_an_expired_key_fail_with_their_next_request(
    api: httpx.Client, keys: psycopg.Connection[Any]
) -> None:
    key = create_key(keys, "to revoke", "default", ["everyone"])
    soon = create_key(keys, "soon over", "default", ["everyone"], expires_at=datetime.now(UTC) + timedelta(seconds=2))
    assert post(api, "/v1/search", key, SEARCH).status_code == 200
    assert post(api, "/v1/search", soon, SEARCH).status_code == 200
    revoke_key(keys, "default", "to revoke")
    assert_problem(post(api, "/v1/search", key, SEARCH), 401, "not-authenticated")
    time.sleep(2)
    assert_problem(post(api, "/v1/search", soon, SEARCH), 401, "not-authenticated")
    states = {entry.name: entry.state for entry in list_keys(keys, "default")}
    assert (states["to revoke"], states["soon over"]) == ("revoked", "expired")


def test_a_rotated_key_keeps_rights_and_limits_and_both_work_for_a_while(
    api: httpx.Client, keys: psycopg.Connection[Any]
) -> None:
    old = create_key(keys, "rotated", "default", ["everyone"], ["search"], tokens_per_day=7)
    new = rotate_key(keys, "default", old[:10], timedelta(seconds=1))
    assert [post(api, "/v1/search", key, SEARCH).status_code for key in (old, new)] == [200, 200]
    assert_problem(post(api, "/v1/ask", new, QUESTION), 403, "not-allowed")
    time.sleep(1.1)
    assert [post(api, "/v1/search", key, SEARCH).status_code for key in (old, new)] == [401, 200]
    [after, before] = [entry for entry in list_keys(keys, "default") if entry.name == "rotated"]
    assert (after.rotated_from, after.tokens_per_day, after.scopes) == (before.id, 7, ["search"])
    assert after.requests_today == 3 and after.last_used_at is not None


def test_keys_of_another_tenant_are_neither_listed_nor_ended(keys: psycopg.Connection[Any]) -> None:
    create_key(keys, "of ours", "default", ["everyone"])
    assert "of ours" not in {entry.name for entry in list_keys(keys, "other")}
    for act in (revoke_key, lambda *given: rotate_key(*given, timedelta(hours=1))):
        with pytest.raises(NotFound):
            act(keys, "other", "of ours")


@pytest.mark.parametrize(
    "wrong", [{"scopes": ["everything"]}, {"scopes": []}, {"requests_per_minute": 0}, {"tokens_per_day": -1}]
)
def test_a_key_that_makes_no_sense_is_refused(keys: psycopg.Connection[Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(ServingError, match="refused"):
        create_key(keys, "wrong", "default", ["everyone"], **wrong)


def test_requests_beyond_the_limit_of_a_minute_are_told_when_to_come_back(
    api: httpx.Client, new_key: Callable[..., str]
) -> None:
    key = new_key(requests_per_minute=3)
    if time.time() % 60 > 55:
        time.sleep(6)  # the minute must not turn between these requests
    replies = [post(api, "/v1/search", key, SEARCH) for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
    assert_problem(replies[-1], 429, "too-many-requests")
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 60
    assert replies[0].headers["ratelimit-policy"] == '"requests";q=3;w=60'
    assert [reply.headers["ratelimit"].split(";")[1] for reply in replies] == ["r=2", "r=1", "r=0", "r=0", "r=0"]
    assert post(api, "/v1/search", new_key(), SEARCH).status_code == 200, "another key has its own count"


def test_answers_beyond_the_limit_wait_and_a_client_that_leaves_frees_its_place(
    api: httpx.Client, database: Any, new_key: Callable[..., str]
) -> None:
    key = new_key(concurrent_streams=1)
    headers = {"Authorization": f"Bearer {key}"}
    for _ in range(3):
        assert post(api, "/v1/ask", key, QUESTION).status_code == 200, "an answer that ended still counts"
    with psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as owner:
        owner.execute(
            "insert into serving.running_streams (api_key_id, tenant_id, expires_at)"
            " select id, tenant_id, clock_timestamp() + interval '2 seconds' from serving.api_keys where prefix = %s",
            [key[:10]],
        )  # an answer of another worker, which was killed
    refused = post(api, "/v1/ask", key, QUESTION)
    assert_problem(refused, 429, "too-many-streams")
    assert int(refused.headers["retry-after"]) >= 1
    assert post(api, "/v1/search", key, SEARCH).status_code == 200, "a search is no answer"
    time.sleep(2)
    with api.stream("POST", "/v1/ask", json={**QUESTION, "stream": True}, headers=headers) as response:
        assert response.status_code == 200
    assert eventually(lambda: running(database) == 0), "the place of a client that left was not freed"


def test_when_the_tokens_of_the_day_are_spent_no_answer_begins(
    api: httpx.Client, database: Any, new_key: Callable[..., str]
) -> None:
    key = new_key(tokens_per_day=100)
    assert post(api, "/v1/ask", key, QUESTION).status_code == 200
    with psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as owner:
        owner.execute(
            "update serving.key_usage set token_count = 100"
            " where api_key_id = (select id from serving.api_keys where prefix = %s)",
            [key[:10]],
        )
    refused = post(api, "/v1/ask", key, QUESTION)
    assert_problem(refused, 429, "tokens-spent")
    assert 1 <= int(refused.headers["retry-after"]) <= 24 * 3600


def test_a_body_that_is_too_large_is_not_read(serving: Any, handbook: None) -> None:
    with serving(generator="extractive", request_max_bytes=10_000) as client:
        assert_problem(client.post("/v1/search", json={"query": "x" * 20_000}), 413, slug_of(413))
        endless = client.post("/v1/search", content=iter([b'{"query": "' + b"x" * 6_000, b"x" * 6_000]))
        assert_problem(endless, 413, slug_of(413))


def slug_of(status: int) -> str:
    from http import HTTPStatus

    return HTTPStatus(status).phrase.lower().replace(" ", "-")


def running(database: Any) -> int:
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        [[count]] = owner.execute("select count(*) from serving.running_streams").fetchall()
        return int(count)


def eventually(holds: Callable[[], bool], seconds: float = 3.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_permissions_are_the_ones_the_database_knows(database: Any) -> None:
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        [[written]] = owner.execute(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = 'api_keys_scopes_check'"
        ).fetchall()
    assert all(permission in written for permission in PERMISSIONS)


SETTING = "select current_setting('synchronous_commit') as flush, current_setting('regesta.tenant_id', true) as tenant"
ADD = "insert into serving.cached_embeddings (tenant_id, model_id, text_hash, vector, expires_at)"
ADD += " values ('default', 1, %(hash)s, '[1]'::halfvec, now() + interval '1 minute') returning text_hash"
COUNT = "select count(*) as number from serving.cached_embeddings where text_hash = %(hash)s"


def test_statements_sent_at_once_are_one_transaction_of_the_scope(database: Any) -> None:
    scope = Scope(uuid4(), "default", ("everyone",))
    given = {"hash": uuid4().hex * 2}

    async def act() -> None:
        as_in_production = {"options": "-c synchronous_commit=on"}
        info = database.conninfo("regesta_serving")
        async with ConnectionPool(info, kwargs=as_in_production, min_size=1, max_size=1, open=False) as pool:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await fetch(pool, scope, (ADD, given), ("select 1 / %(nothing)s", {"nothing": 0}))
            assert await fetch(pool, scope, (COUNT, given)) == [[{"number": 0}]], "half of it was done"
            added, counted = await fetch(pool, scope, (ADD, given), (COUNT, given), may_be_lost=True)
            assert (added, counted) == ([{"text_hash": given["hash"]}], [{"number": 1}])
            for may_be_lost, flush in ((False, "on"), (True, "off")):
                [[row]] = await fetch(pool, scope, (SETTING, {}), may_be_lost=may_be_lost)
                assert row == {"flush": flush, "tenant": "default"}
            async with pool.connection() as connection:
                row = await (await connection.execute(SETTING)).fetchone()
                assert row == ("on", ""), "the next borrower stands in this scope"

    asyncio.run(act())
