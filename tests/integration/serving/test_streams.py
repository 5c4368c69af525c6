"""Streams over a real socket: go on, stop, leave, read again from another worker, speak OpenAI's protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import psycopg
import pytest

from tests.messages_server import MessagesServer
from tests.messages_server import running as messages_running

QUESTION = "After how many wrong passwords is an account locked?"
ANSWER = "Locked after eight tries [1]."


@pytest.fixture(scope="module")
def upstream() -> Iterator[MessagesServer]:
    with messages_running() as server:
        yield server


@pytest.fixture(scope="module")
def claude(upstream: MessagesServer) -> dict[str, Any]:
    return {"anthropic_api_key": "sk-test", "anthropic_base_url": upstream.url, "generator_retries": 0}


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None, claude: dict[str, Any]) -> Iterator[httpx.Client]:
    with serving(**claude) as client:
        yield client


@pytest.fixture(autouse=True)
def no_fault(upstream: MessagesServer) -> None:
    upstream.fault = None
    upstream.cut.clear()


def parsed(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    """Yield id, kind and data of each event."""
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if not line:
            if found.get("data", "[DONE]") != "[DONE]":
                yield found["id"], found["event"], json.loads(found["data"])
            found = {}
        else:
            found[name] = value


def streamed(client: httpx.Client, headers: dict[str, str] | None = None) -> list[tuple[str, str, Any]]:
    body = {"question": QUESTION, "stream": True}
    with client.stream("POST", "/v1/ask", json=body, headers=headers) as response:
        assert response.status_code == 200, response.read()
        return list(parsed(response.iter_lines()))


def test_a_stream_goes_on_behind_any_event(api: httpx.Client) -> None:
    whole = streamed(api)
    for number in (1, 3, len(whole) - 1, len(whole)):
        assert streamed(api, {"Last-Event-ID": whole[number - 1][0]}) == whole[number:]
    with api.stream("GET", f"/v1/answers/{whole[0][2]['answer_id']}/stream") as response:
        assert list(parsed(response.iter_lines())) == whole


def test_a_reader_that_lost_its_connection_is_back_in_time(api: httpx.Client, upstream: MessagesServer) -> None:
    upstream.fault = "endless"
    with api.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as response:
        last = next(event_id for event_id, kind, _ in parsed(response.iter_lines()) if kind == "token")
    answer_id, _, number = last.partition("/")
    with api.stream("GET", f"/v1/answers/{answer_id}/stream", headers={"Last-Event-ID": last}) as response:
        events = parsed(response.iter_lines())
        assert next(events)[0] == f"{answer_id}/{int(number) + 1}"
        time.sleep(1)
        assert not upstream.cut.is_set(), "an answer that is read again goes on"
    assert upstream.cut.wait(1.5)


def test_another_worker_reads_a_finished_answer_from_the_log(
    api: httpx.Client, serving: Any, claude: dict[str, Any], upstream: MessagesServer
) -> None:
    whole = streamed(api)
    with serving(**claude) as other:
        headers = {"Authorization": api.headers["authorization"], "Last-Event-ID": whole[3][0]}
        asked = len(upstream.requests)
        again = read_until_logged(lambda: streamed(other, headers))
        assert [kind for _, kind, _ in again] == ["meta", "sources", "token", "done"]
        assert again[2][2]["text"] == ANSWER
        assert again[-1][2]["citations"][0]["uri"] == whole[-1][2]["citations"][0]["uri"]
        assert len(upstream.requests) == asked, "the model was asked again"


def read_until_logged(read: Callable[[], list[tuple[str, str, Any]]]) -> list[tuple[str, str, Any]]:
    deadline = time.monotonic() + 5
    while True:
        try:
            return read()
        except AssertionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_another_key_gets_nothing(api: httpx.Client, new_key: Callable[..., str]) -> None:
    answer_id = streamed(api)[0][2]["answer_id"]
    headers = {"Authorization": f"Bearer {new_key('other')}"}
    assert api.get(f"/v1/answers/{answer_id}/stream", headers=headers).status_code == 404
    assert api.post(f"/v1/answers/{answer_id}/stop", headers=headers).status_code == 404


def test_stop_ends_in_a_typed_error(api: httpx.Client, upstream: MessagesServer) -> None:
    upstream.fault = "endless"
    with api.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as response:
        events = parsed(response.iter_lines())
        answer_id = next(data["answer_id"] for _, kind, data in events if kind == "meta")
        assert api.post(f"/v1/answers/{answer_id}/stop").status_code == 204
        rest = list(events)
    assert (rest[-2][2]["type"], rest[-1][2]["state"]) == ("stopped", "abandoned")
    assert upstream.cut.wait(1.0)
    assert api.post(f"/v1/answers/{answer_id}/stop").status_code == 204, "stopping twice is no error"


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
def test_whoever_waits_for_a_whole_reply_is_told_that_it_was_stopped(
    api: httpx.Client, upstream: MessagesServer, database: Any, path: str
) -> None:
    upstream.fault = "endless"
    asked = {"question": QUESTION} if path == "/v1/ask" else {"messages": [{"role": "user", "content": QUESTION}]}
    newest = "select id::text from serving.queries where kind = 'ask' and asked_at > %s order by asked_at desc limit 1"
    with ThreadPoolExecutor(1) as threads, psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as log:
        now = log.execute("select clock_timestamp()").fetchone()
        waiting = threads.submit(api.post, path, json=asked)
        deadline = time.monotonic() + 10
        while (row := log.execute(newest, now).fetchone()) is None or not upstream.writing:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert api.post(f"/v1/answers/{row[0]}/stop").status_code == 204
        reply = waiting.result(5)
    assert reply.status_code == 409
    assert reply.json()["type"] == "urn:regesta:problem:stopped"
    if path == "/v1/chat/completions":
        assert reply.headers["x-should-retry"] == "false", "OpenAI's clients would ask again by themselves"
    described = api.get("/openapi.json").json()["paths"][path]["post"]["responses"]["409"]
    assert "stopped" in described["description"]


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
@pytest.mark.parametrize("stream", [True, False])
def test_leaving_stops_the_model(api: httpx.Client, upstream: MessagesServer, path: str, stream: bool) -> None:
    upstream.fault = "endless"
    asked = {"question": QUESTION} if path == "/v1/ask" else {"messages": [{"role": "user", "content": QUESTION}]}
    if stream:
        with api.stream("POST", path, json={**asked, "stream": True}) as response:
            next(line for line in response.iter_lines() if line.startswith("data:"))
    else:
        with pytest.raises(httpx.ReadTimeout):
            api.post(path, json=asked, timeout=1.5)
    assert upstream.cut.wait(1.5), "the upstream went on writing"


def test_a_stream_that_says_nothing_shows_that_it_lives(
    api: httpx.Client, upstream: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.api.streaming.HEARTBEAT_SECONDS", 0.5)
    upstream.fault = "stall"
    with api.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as response:
        lines = list(response.iter_lines())
    assert sum(line.startswith(": ping") for line in lines) >= 3
    assert [kind for _, kind, _ in parsed(iter(lines))][-2:] == ["error", "done"], "a comment is no event"


@pytest.mark.parametrize("bad", ["x", "1/2", "00000000-0000-0000-0000-000000000000/-1"])
def test_a_malformed_id_is_refused(api: httpx.Client, bad: str) -> None:
    response = api.post("/v1/ask", json={"question": QUESTION}, headers={"Last-Event-ID": bad})
    assert response.status_code == 422


@pytest.fixture
def client(api: httpx.Client) -> openai.OpenAI:
    key = api.headers["authorization"].removeprefix("Bearer ")
    return openai.OpenAI(api_key=key, base_url=f"{api.base_url}/v1", max_retries=0)


def test_the_openai_client_reads_whole_answers(client: openai.OpenAI) -> None:
    asked: Any = [{"role": "user", "content": QUESTION}]
    reply = client.chat.completions.create(model="regesta", messages=asked)
    assert reply.choices[0].message.content == ANSWER
    assert reply.usage is not None and (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (42, 7)
    assert (reply.model_extra or {})["citations"][0]["number"] == 1
    assert [model.id for model in client.models.list()] == ["regesta"]


def test_the_openai_client_reads_streams(client: openai.OpenAI) -> None:
    asked: Any = [{"role": "user", "content": QUESTION}]
    chunks = list(client.chat.completions.create(model="regesta", messages=asked, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == ANSWER
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (chunks[-1].model_extra or {})["citations"][0]["number"] == 1


def test_the_openai_client_gets_its_own_errors(client: openai.OpenAI, new_key: Callable[..., str]) -> None:
    asked: Any = [{"role": "user", "content": QUESTION}]
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="rgs_wrong").chat.completions.create(model="regesta", messages=asked)
    with pytest.raises(openai.UnprocessableEntityError, match="messages"):
        client.chat.completions.create(model="regesta", messages=[])
    limited = client.with_options(api_key=new_key(requests_per_minute=1))
    with pytest.raises(openai.RateLimitError) as caught:
        for _ in range(3):
            limited.chat.completions.create(model="regesta", messages=asked)
    assert int(caught.value.response.headers["retry-after"]) >= 1
