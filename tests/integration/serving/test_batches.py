"""Bulk questions: handed in and read over the API, answered by real workers that are killed, cut off and cancelled."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from corpus.settings import ROOT
from ingestion.workbench import Workbench
from serving import batch_worker
from serving.assembling import open_engine
from serving.batch_running import plan_batches, work_on_batch
from serving.engine import Engine
from serving.errors import DatabaseBusy, NotFound
from serving.settings import ServingSettings
from sql import queries
from tests.messages_server import MessagesServer
from tests.messages_server import running as messages_running

QUESTION = "After how many wrong passwords is an account locked?"


@pytest.fixture(scope="module")
def upstream() -> Iterator[MessagesServer]:
    with messages_running() as server:
        yield server


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None) -> Iterator[httpx.Client]:
    with serving(generator="extractive") as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_waits(database: Any, upstream: MessagesServer) -> Iterator[None]:
    upstream.fault = None
    yield
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        owner.execute("delete from serving.batches")


def submit(api: httpx.Client, count: int = 3, **more: Any) -> str:
    questions = [{"custom_id": f"q{number}", "question": QUESTION} for number in range(count)]
    reply = api.post("/v1/batches", json={"questions": questions}, **more)
    assert reply.status_code == 202, reply.text
    return str(reply.headers["Location"])


def results(api: httpx.Client, where: str, **more: Any) -> list[dict[str, Any]]:
    reply = api.get(f"{where}/results", **more)
    assert reply.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in reply.text.splitlines()]


def batch_id(where: str) -> UUID:
    return UUID(where.rpartition("/")[2])


def run(settings: ServingSettings, where: str, change: Callable[[Engine], None] = lambda _: None, **given: Any) -> Any:
    async def work() -> Any:
        async with open_engine(settings) as engine:
            change(engine)
            return await batch_worker.work(engine, batch_id(where), **given)

    return asyncio.run(work())


def test_a_batch_is_answered_as_single_questions_are(api: httpx.Client, settings: Any) -> None:
    where = submit(api)
    assert api.get(where).json()["state"] == "waiting"
    assert results(api, where) == []
    found = settings(ServingSettings, generator="extractive")
    [waiting] = plan_batches(found, 500, 8)
    assert where.endswith(waiting)
    assert work_on_batch(found, waiting) == {"done": 3}
    batch = api.get(where).json()
    assert (batch["state"], batch["done"], batch["total"]) == ("done", 3, 3)
    rows = results(api, where)
    assert [row["custom_id"] for row in rows] == ["q0", "q1", "q2"]
    single = api.post("/v1/ask", json={"question": QUESTION}).json()
    for row in rows:
        assert (row["status"], row["error"]) == ("done", None)
        assert row["answer"]["answer"] == single["answer"]
        assert row["answer"]["citations"] == single["citations"]
        assert api.get(f"/v1/answers/{row['answer']['answer_id']}/lineage").json()["sentences"]
    assert plan_batches(found, 500, 8) == []


def test_whoever_watches_for_batches_learns_their_ids_and_no_more(
    api: httpx.Client, bench: Workbench, database: Any
) -> None:
    where = submit(api, 2)
    with bench.connect() as connection:
        [row] = connection.execute(queries("batches")["waiting_batches"])
        assert row == (str(batch_id(where)), str(batch_id(where)), 2)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select question from serving.batch_items")


def test_lines_are_taken_too_with_filters_of_their_own(api: httpx.Client, settings: Any) -> None:
    lines = [
        {"custom_id": "ko", "question": "비밀번호를 몇 번 틀리면 계정이 잠기나요?", "filters": {"languages": ["ko"]}},
        {"custom_id": "none", "question": QUESTION, "filters": {"sources": []}, "top_k": 1},
    ]
    body = "\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    reply = api.post("/v1/batches", content=body.encode(), headers={"Content-Type": "application/x-ndjson"})
    assert reply.status_code == 202, reply.text
    run(settings(ServingSettings, generator="extractive"), reply.headers["Location"])
    korean, none = results(api, reply.headers["Location"])
    assert "다섯 번" in korean["answer"]["answer"]
    assert none["answer"]["citations"] == []


@pytest.mark.parametrize(
    ("content_type", "body", "status", "told"),
    [
        ("application/json", '{"questions": []}', 422, "questions"),
        ("application/json", "{", 422, "JSON"),
        ("application/json", '{"questions": [{"custom_id": "a", "question": " "}]}', 422, "questions.0.question"),
        ("application/x-ndjson", '{"custom_id": "a", "question": "x"}\n{"custom_id": "b"}', 422, "line.2.question"),
        ("application/x-ndjson", '{"custom_id": "a", "question": "x"}\n{"custom_id": "a", "question": "y"}', 422,
         "questions 1 and 2"),
        ("application/x-ndjson", "\n", 422, "1 to 10000"),
        ("application/x-ndjson", '{"custom_id": "\\u0000", "question": "x"}', 422, "line.1.custom_id"),
        ("application/x-ndjson", '{"custom_id": "a", "question": "x", "top_k": 99}', 422, "line.1.top_k"),
        ("application/x-ndjson", "\n".join(f'{{"custom_id": "{n}", "question": "x"}}' for n in range(10_001)), 422,
         "1 to 10000"),
        ("application/xml", "<x/>", 415, "application/json"),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused_whole(
    api: httpx.Client, settings: Any, content_type: str, body: str, status: int, told: str
) -> None:
    reply = api.post("/v1/batches", content=body, headers={"Content-Type": content_type})
    assert reply.status_code == status, reply.text
    assert told in reply.json()["detail"]
    assert plan_batches(settings(ServingSettings), 500, 8) == []


def test_a_body_beyond_the_limit_is_refused_unread(api: httpx.Client) -> None:
    reply = api.post("/v1/batches", content=b" " * (32 * 2**20 + 1), headers={"Content-Type": "application/json"})
    assert reply.status_code == 413


def test_results_belong_to_the_tenant_and_to_every_group_it_was_asked_with(
    api: httpx.Client, settings: Any, new_key: Callable[..., str], other_key: str
) -> None:
    hr = {"Authorization": f"Bearer {new_key(groups=('everyone', 'hr'))}"}
    where = submit(api, headers=hr)
    for headers in ({}, {"Authorization": f"Bearer {other_key}"}):
        for reply in (
            api.get(where, headers=headers),
            api.get(f"{where}/results", headers=headers),
            api.post(f"{where}/cancel", headers=headers),
        ):
            assert reply.status_code == 404, reply.text
    run(settings(ServingSettings, generator="extractive"), where)
    assert len(results(api, where, headers=hr)) == 3


def test_a_revoked_key_ends_its_questions_with_that_reason(
    api: httpx.Client, settings: Any, database: Any, new_key: Callable[..., str]
) -> None:
    key = new_key()
    where = submit(api, headers={"Authorization": f"Bearer {key}"})
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        owner.execute("update serving.api_keys set revoked_at = now() where prefix = %s", [key[:10]])
    assert run(settings(ServingSettings, generator="extractive"), where) == {"failed": 3}
    assert {row["error"]["type"] for row in results(api, where)} == {"not-authenticated"}


def test_a_batch_counts_as_the_one_request_it_was_handed_in_with(
    api: httpx.Client, settings: Any, new_key: Callable[..., str], database: Any
) -> None:
    headers = {"Authorization": f"Bearer {new_key(name='frugal', requests_per_minute=2)}"}
    where = submit(api, 5, headers=headers)
    used = (
        "select u.request_count, k.last_used_at from serving.key_usage as u"
        " join serving.api_keys as k on k.id = u.api_key_id where k.name = 'frugal'"
    )
    with psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as owner:
        before = owner.execute(used).fetchall()
        assert run(settings(ServingSettings, generator="extractive"), where) == {"done": 5}
        assert owner.execute(used).fetchall() == before
    assert before[0][0] == 1


def test_questions_are_asked_with_no_more_rights_than_are_left(
    api: httpx.Client, settings: Any, database: Any, new_key: Callable[..., str]
) -> None:
    key = new_key(groups=("everyone", "hr"))
    where = submit(api, headers={"Authorization": f"Bearer {key}"})
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        owner.execute("update serving.api_keys set access_groups = '{nobody,hr}' where prefix = %s", [key[:10]])
    asked: list[tuple[str, ...]] = []

    def listen(engine: Engine) -> None:
        ask = engine.ask

        async def heard(scope: Any, *given: Any) -> Any:
            asked.append(scope.access_groups)
            return await ask(scope, *given)

        engine.ask = heard  # type: ignore[method-assign]

    assert run(settings(ServingSettings, generator="extractive"), where, listen) == {"done": 3}
    assert set(asked) == {("hr",)}


def test_a_question_that_fails_ends_alone_and_typed(api: httpx.Client, settings: Any, upstream: MessagesServer) -> None:
    found = settings(ServingSettings, anthropic_api_key="sk-test", anthropic_base_url=upstream.url)
    where = submit(api, 2)
    upstream.fault = "cut"
    assert run(found, where) == {"failed": 2}
    assert {row["error"]["type"] for row in results(api, where)} == {"generator-unavailable"}

    where = submit(api, 3)
    upstream.fault = None

    def break_one(engine: Engine) -> None:
        ask, broken = engine.ask, iter([True])

        async def broken_once(*given: Any) -> Any:
            if next(broken, False):
                raise RuntimeError("a mistake of ours")
            return await ask(*given)

        engine.ask = broken_once  # type: ignore[method-assign]

    assert run(found, where, break_one) == {"failed": 1, "done": 2}
    assert sorted(row["error"]["type"] for row in results(api, where) if row["error"]) == ["internal-error"]
    assert all(row["answer"]["generator"] == "anthropic" for row in results(api, where) if row["answer"])


def test_a_lost_database_fails_the_worker_and_no_question(api: httpx.Client, settings: Any, database: Any) -> None:
    where = submit(api)

    def lose_the_database(engine: Engine) -> None:
        async def busy(*given: Any) -> Any:
            raise DatabaseBusy("gone")

        engine.ask = busy  # type: ignore[method-assign]

    found = settings(ServingSettings, generator="extractive")
    with pytest.raises(DatabaseBusy):
        run(found, where, lose_the_database)
    assert api.get(where).json()["waiting"] == 3
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        assert owner.execute("select distinct attempts from serving.batch_items").fetchall() == [(0,)]
    assert run(found, where) == {"done": 3}


def test_an_unknown_batch_is_an_error(settings: Any) -> None:
    with pytest.raises(NotFound):
        run(settings(ServingSettings, generator="extractive"), f"/v1/batches/{UUID(int=1)}")


def test_workers_side_by_side_answer_every_question_once(api: httpx.Client, settings: Any, database: Any) -> None:
    where = submit(api, 24)

    async def three() -> int:
        async with open_engine(settings(ServingSettings, generator="extractive")) as engine:
            ended = await asyncio.gather(*(batch_worker.work(engine, batch_id(where), 2) for _ in range(3)))
            return sum(one["done"] for one in ended)

    assert asyncio.run(three()) == 24
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        [counted] = owner.execute(
            "select count(distinct answer_id), max(attempts) from serving.batch_items where batch_id = %s",
            [batch_id(where)],
        )
    assert counted == (24, 1)


def test_a_cancelled_batch_keeps_what_was_answered_and_no_more(
    api: httpx.Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, answer, number = submit(api, 5), batch_worker.answer, iter(range(9))

    async def cancel_during_the_third(*given: Any) -> Any:
        if next(number) == 2:
            cancelled = await asyncio.to_thread(api.post, f"{where}/cancel")
            assert cancelled.json()["state"] == "cancelled"
        return await answer(*given)

    monkeypatch.setattr(batch_worker, "answer", cancel_during_the_third)
    assert run(settings(ServingSettings, generator="extractive"), where, concurrency=1) == {"done": 2}
    batch = api.get(where).json()
    assert (batch["state"], batch["done"], batch["cancelled"]) == ("cancelled", 2, 3)
    assert [row["status"] for row in results(api, where)] == ["done", "done", *["cancelled"] * 3]
    assert api.post(f"{where}/cancel").json() == batch, "once is enough"


def test_a_batch_that_is_done_cannot_be_called_off(api: httpx.Client, settings: Any) -> None:
    where = submit(api)
    run(settings(ServingSettings, generator="extractive"), where)
    assert api.post(f"{where}/cancel").json()["state"] == "done"


WORKER = """
import asyncio, sys
from uuid import UUID
from serving.assembling import open_engine
from serving.batch_worker import work
from serving.settings import ServingSettings

async def main():
    async with open_engine(ServingSettings()) as engine:
        await work(engine, UUID(sys.argv[1]), concurrency=2, lease_seconds=float(sys.argv[2]))

asyncio.run(main())
"""


def test_a_killed_worker_loses_nothing(
    api: httpx.Client, settings: Any, upstream: MessagesServer, database: Any
) -> None:
    found = settings(ServingSettings, anthropic_api_key="sk-test", anthropic_base_url=upstream.url)
    where, lease_seconds = submit(api, 5), 20.0
    upstream.fault = "endless"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "REGESTA_HOME": str(found.home),
        "REGESTA_DATABASE_URL": found.database_url,
        "REGESTA_SERVING_PASSWORD": found.serving_password.get_secret_value(),
        "REGESTA_ANTHROPIC_API_KEY": "sk-test",
        "REGESTA_ANTHROPIC_BASE_URL": upstream.url,
    }
    command = [sys.executable, "-c", WORKER, str(batch_id(where)), str(lease_seconds)]
    with subprocess.Popen(command, env=environment, cwd=ROOT) as worker:
        deadline = time.monotonic() + 60
        while api.get(where).json()["running"] < 2:
            assert time.monotonic() < deadline and worker.poll() is None
            time.sleep(0.05)
        worker.send_signal(signal.SIGKILL)
    upstream.fault = None
    assert run(found, where) == {"done": 3}, "what the lost worker has in hand is left to it for its time"
    batch = api.get(where).json()
    assert (batch["state"], batch["running"], batch["done"]) == ("running", 2, 3)
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:  # its time runs out
        owner.execute("update serving.batch_items set claimed_until = now() where state = 'running'")
    assert plan_batches(found, 500, 8) == [str(batch_id(where))]
    assert run(found, where) == {"done": 2}
    assert [row["status"] for row in results(api, where)] == ["done"] * 5


def test_a_question_that_loses_every_worker_is_given_up(api: httpx.Client, settings: Any, database: Any) -> None:
    where = submit(api, 2)
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        owner.execute(
            "update serving.batch_items set state = 'running', attempts = 3, worker_id = uuidv7(),"
            " claimed_until = now() where position = 0"
        )
    assert run(settings(ServingSettings, generator="extractive"), where) == {"failed": 1, "done": 1}
    assert results(api, where)[0]["error"]["type"] == "given-up"
