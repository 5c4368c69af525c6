"""The API over a real socket: real server, real database, real streams."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.messages_server import MessagesServer
from tests.messages_server import running as messages_running

QUESTION = "After how many wrong passwords is an account locked?"


@pytest.fixture(scope="module")
def upstream() -> Iterator[MessagesServer]:
    with messages_running() as server:
        yield server


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None) -> Iterator[httpx.Client]:
    """An API that answers from passages alone."""
    with serving(generator="extractive") as client:
        yield client


@pytest.fixture(scope="module")
def claude_api(serving: Any, handbook: None, upstream: MessagesServer) -> Iterator[httpx.Client]:
    """An API whose answers a Messages server writes."""
    with serving(
        anthropic_api_key="sk-test",
        anthropic_base_url=upstream.url,
        first_token_timeout=1.0,
        idle_timeout=1.0,
        breaker_failures=1000,
    ) as client:
        yield client


@pytest.fixture(autouse=True)
def no_fault(upstream: MessagesServer) -> None:
    upstream.fault = None
    upstream.cut.clear()


def events(client: httpx.Client, question: str = QUESTION, **body: Any) -> list[tuple[str, Any]]:
    found, kind = [], "message"
    with client.stream("POST", "/v1/ask", json={"question": question, "stream": True, **body}) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        for line in response.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                found.append((kind, line[6:] if line[6:] == "[DONE]" else json.loads(line[6:])))
    return found


def text_of(stream: list[tuple[str, Any]]) -> str:
    return "".join(data["text"] for kind, data in stream if kind == "token")


def test_ask_streams_a_cited_answer(api: httpx.Client) -> None:
    stream = events(api)
    kinds = [kind for kind, _ in stream]
    assert kinds[:2] == ["meta", "sources"]
    assert stream[-1][1] == "[DONE]"
    assert kinds[-3:-1] == ["usage", "done"]
    assert "locked after eight" in text_of(stream)
    done = dict(stream[:-1])["done"]
    assert done["state"] == "complete"
    assert done["citations"][0]["uri"].endswith("login.md")
    assert dict(stream[:-1])["meta"]["degraded"] is False


def test_ask_answers_in_korean_from_korean_documents(api: httpx.Client) -> None:
    reply = api.post("/v1/ask", json={"question": "비밀번호를 몇 번 틀리면 계정이 잠기나요?"}).json()
    assert "다섯 번" in reply["answer"]
    assert reply["citations"][0]["uri"].endswith("로그인.md")


def test_ask_says_so_when_nothing_answers(api: httpx.Client) -> None:
    reply = api.post("/v1/ask", json={"question": "몽골의 수도는 어디인가요?"}).json()
    assert reply["citations"] == []
    assert "찾지 못했습니다" in reply["answer"]


def test_ask_as_json_by_default_and_as_events_by_accept(api: httpx.Client) -> None:
    assert api.post("/v1/ask", json={"question": QUESTION}).headers["content-type"] == "application/json"
    streamed = api.post("/v1/ask", json={"question": QUESTION}, headers={"Accept": "text/event-stream"})
    assert streamed.headers["content-type"].startswith("text/event-stream")


def test_plain_ask_streams_bare_tokens(api: httpx.Client) -> None:
    lines = [line for line in api.post("/ask", json={"question": QUESTION}).text.splitlines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    assert "eight" in "".join(line[6:] for line in lines[:-1])


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
def test_search_modes(api: httpx.Client, mode: str) -> None:
    reply = api.post("/v1/search", json={"query": "wrong passwords locked", "mode": mode, "top_k": 3}).json()
    hit = reply["hits"][0]
    assert {"rank", "document_id", "uri", "title", "version", "chunk_id", "text"} <= hit.keys()
    assert [entry["rank"] for entry in reply["hits"]] == list(range(1, len(reply["hits"]) + 1))
    assert len(reply["hits"]) <= 3
    if mode == "text":
        assert all(entry["vector_rank"] is None for entry in reply["hits"])
    if mode == "vector":
        assert all(entry["text_rank"] is None for entry in reply["hits"])


@pytest.mark.parametrize("form", ["로그인이", "로그인은", "로그인하려면", "로그인"])
def test_search_finds_korean_under_its_particles(api: httpx.Client, form: str) -> None:
    hits = api.post("/v1/search", json={"query": form, "mode": "text"}).json()["hits"]
    assert any(hit["uri"].endswith("로그인.md") for hit in hits)


def test_search_filters_narrow_and_an_empty_one_matches_nothing(api: httpx.Client) -> None:
    def found(**filters: Any) -> set[str]:
        hits = api.post("/v1/search", json={"query": "로그인 login password", "filters": filters}).json()["hits"]
        return {hit["language"] for hit in hits}

    assert found() == {"ko", "en"}
    assert found(languages=["ko"]) == {"ko"}
    assert found(sources=["nowhere"]) == set()
    assert found(sources=[]) == set()


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
@pytest.mark.parametrize("query", ["?!…", "the", "'; drop table corpus.chunks; --", "a\u0000b", "😀", "x" * 4000])
def test_search_takes_any_text(api: httpx.Client, query: str, mode: str) -> None:
    assert api.post("/v1/search", json={"query": query, "mode": mode}).status_code == 200


def test_another_tenants_key_sees_nothing(api: httpx.Client, other_key: str) -> None:
    headers = {"Authorization": f"Bearer {other_key}"}
    assert api.post("/v1/search", json={"query": "login 로그인"}, headers=headers).json()["hits"] == []


@pytest.mark.parametrize("header", [None, "Bearer rgs_wrong", "Basic abc", "Bearer"])
@pytest.mark.parametrize("path", ["/v1/ask", "/v1/search", "/ask"])
def test_a_wrong_key_is_a_problem_document(api: httpx.Client, path: str, header: str | None) -> None:
    with httpx.Client(base_url=api.base_url, trust_env=False) as stranger:
        body = {"query": "x"} if path == "/v1/search" else {"question": "x"}
        response = stranger.post(path, json=body, headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:regesta:problem:not-authenticated"


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/v1/ask", '{"question": ', "malformed JSON"),
        ("/v1/ask", "{}", "question"),
        ("/v1/ask", '{"question": "  "}', "question"),
        ("/v1/ask", '{"question": "x", "strem": true}', "strem"),
        ("/v1/search", '{"query": "x", "top_k": 0}', "top_k"),
        ("/v1/search", '{"query": "x", "mode": "magic"}', "mode"),
        ("/v1/search", '{"query": "x", "filters": {"document_ids": ["no"]}}', "document_ids"),
    ],
)
def test_bad_requests_name_the_field(api: httpx.Client, path: str, body: str, named: str) -> None:
    response = api.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert named in response.json()["detail"]


def test_health_metrics_and_openapi(api: httpx.Client) -> None:
    assert api.get("/health/live").json() == {"status": "live"}
    ready = api.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    metrics = api.get("/metrics").text
    assert 'regesta_http_requests_total{method="GET",route="/health/ready"' in metrics
    pool = dict(re.findall(r'^regesta_pool_connections{state="(\w+)"} (\S+)$', metrics, re.MULTILINE))
    assert set(pool) == {"idle", "used", "waiting"}
    assert float(pool["idle"]) + float(pool["used"]) >= 1
    assert float(pool["waiting"]) == 0
    paths = api.get("/openapi.json").json()["paths"]
    assert {"/v1/ask", "/v1/search", "/ask", "/health/live", "/health/ready"} <= paths.keys()


def test_claude_writes_the_answer_from_isolated_sources(claude_api: httpx.Client, upstream: MessagesServer) -> None:
    stream = events(claude_api)
    assert text_of(stream) == "Locked after eight tries [1]."
    assert dict(stream[:-1])["usage"] == {"input_tokens": 42, "output_tokens": 7, "cached_tokens": 0, "cost": None}
    request = upstream.requests[-1]
    assert request["path"] == "/v1/messages"
    assert request["headers"]["authorization"] == "Bearer sk-test"
    prompt = request["body"]["messages"][0]["content"]
    assert '<source number="1"' in prompt and QUESTION in prompt
    assert request["body"]["stream"] is True


@pytest.mark.parametrize("fault", ["500", "529", "429", "401", "hang"])
def test_when_the_model_is_down_passages_answer_and_say_so(
    claude_api: httpx.Client, upstream: MessagesServer, fault: str
) -> None:
    upstream.fault = fault
    started = time.monotonic()
    stream = events(claude_api)
    metas = [data for kind, data in stream if kind == "meta"]
    assert [meta["degraded"] for meta in metas] == [False, True]
    assert metas[-1]["reason"]
    assert "eight" in text_of(stream)
    assert dict(stream[:-1])["done"]["state"] == "complete"
    assert time.monotonic() - started < 20


def test_a_model_that_breaks_off_ends_in_a_typed_error(claude_api: httpx.Client, upstream: MessagesServer) -> None:
    upstream.fault = "cut"
    stream = dict(events(claude_api)[:-1])
    assert stream["error"]["type"] == "generator-unavailable"
    assert stream["done"]["state"] == "failed"
    response = claude_api.post("/v1/ask", json={"question": QUESTION})
    assert response.status_code == 502
    assert response.headers["content-type"] == "application/problem+json"


def test_a_client_that_leaves_stops_the_model_within_a_second(
    claude_api: httpx.Client, upstream: MessagesServer
) -> None:
    upstream.fault = "endless"
    with claude_api.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as response:
        for line in response.iter_lines():
            if line.startswith("event: token"):
                break
    assert upstream.cut.wait(1.5), "the upstream went on writing"


def test_questions_and_answers_are_logged(api: httpx.Client, database: Any) -> None:
    reply = api.post("/v1/ask", json={"question": QUESTION}).json()
    deadline = time.monotonic() + 5
    row = None
    while row is None and time.monotonic() < deadline:
        with psycopg.connect(database.conninfo("regesta_dbt")) as connection:
            row = connection.execute(
                "select q.question, a.state, a.text from serving.queries as q"
                " join serving.answers as a on a.query_id = q.id where q.id = %s",
                [reply["answer_id"]],
            ).fetchone()
        time.sleep(0.05)
    assert row == (QUESTION, "complete", reply["answer"])


def test_a_restart_of_the_database_costs_no_answer(api: httpx.Client, database: Any) -> None:
    assert api.post("/v1/search", json={"query": "login"}).status_code == 200
    with psycopg.connect(database.admin, autocommit=True) as connection:
        ended = connection.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'regesta_serving'"
        ).fetchone()
    assert ended and ended[0] >= 1
    assert api.post("/v1/search", json={"query": "login"}).status_code == 200
    assert api.get("/health/ready").status_code == 200
