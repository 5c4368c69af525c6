"""The answer cache over HTTP: what is given again, to whom, and what ends it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import psycopg
import pytest

from serving.caching.answers import AnswerCache
from tests.integration.ingestion.conftest import Folder

QUESTION = "After how many wrong passwords is an account locked?"
RULES = "# Signing in\n\nAn account is locked after {} wrong passwords in a row.\n"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def api(serving: Any) -> Iterator[httpx.Client]:
    with serving(generator="extractive", answer_cache=True) as client:
        yield client


@pytest.fixture
def folder(bench: Any, source_bucket: str) -> Folder:
    """A tenant of its own with one document, which the board and the staff may read."""
    folder = Folder(bench, source_bucket, f"c{time.time_ns():x}", access_groups=["staff", "board"])
    folder.put("rules.md", RULES.format("eight"))
    folder.sync()
    return folder


@pytest.fixture
def as_member(folder: Folder, new_key: Callable[..., str]) -> Callable[[str], dict[str, str]]:
    """Give `as_member(group)`: the headers of a key of that group."""
    return cache(lambda group: {"Authorization": f"Bearer {new_key(folder.name, (group,))}"})


@pytest.fixture
def ask(api: httpx.Client, as_member: Callable[[str], dict[str, str]]) -> Ask:
    """Give `ask(group)`: the reply to the question for a key of that group."""

    def send(group: str = "staff", path: str = "/v1/ask", **body: Any) -> dict[str, Any]:
        reply = api.post(path, json=body or {"question": QUESTION}, headers=as_member(group))
        assert reply.is_success, reply.text
        found: dict[str, Any] = reply.json()
        return found

    return send


def settled(ask: Ask, state: str) -> dict[str, Any]:
    """Ask until the cache says `state`: an answer is stored and logged just after it was sent."""
    deadline = time.monotonic() + 5
    while (reply := ask())["cache"] != state:
        assert time.monotonic() < deadline, reply
        time.sleep(0.05)
    return reply


def cited(reply: dict[str, Any]) -> list[tuple[int, str]]:
    return [(one["number"], one["chunk_id"]) for one in reply["citations"]]


def test_the_second_to_ask_gets_the_same_answer_with_the_same_citations(ask: Ask) -> None:
    first = ask()
    assert first["cache"] == "miss"
    second = settled(ask, "hit")
    assert (second["answer"], cited(second)) == (first["answer"], cited(first))
    assert "eight" in second["answer"] and cited(second)
    assert second["answer_id"] != first["answer_id"]


def test_after_an_edit_the_new_text_answers_at_once(ask: Ask, folder: Folder) -> None:
    ask()
    settled(ask, "hit")
    folder.put("rules.md", RULES.format("five"), later=True)
    folder.sync()
    reply = ask()
    assert reply["cache"] == "miss"
    assert "five" in reply["answer"] and "eight" not in reply["answer"]
    assert "five" in settled(ask, "hit")["answer"]


def test_a_thumb_down_on_a_repeated_answer_evicts_the_one_it_repeats(ask: Ask) -> None:
    ask()
    answer_id = settled(ask, "hit")["answer_id"]
    deadline = time.monotonic() + 5
    while True:  # feedback is about an answer that stands in the log
        try:
            saved = ask(path="/v1/feedback", answer_id=answer_id, rating="down")
            break
        except AssertionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert saved["evicted"] == 1
    assert ask()["cache"] == "miss"


def test_a_key_of_other_groups_never_gets_it(ask: Ask) -> None:
    ask("staff")
    settled(ask, "hit")
    assert ask("board")["cache"] == "hit", "who may read all it rests on may have it"
    outsider = ask("guests")
    assert outsider["cache"] != "hit"
    assert (outsider["citations"], "eight" in outsider["answer"]) == ([], False)


def test_a_conversation_is_neither_answered_from_the_cache_nor_kept(
    ask: Ask, folder: Folder, database: Any
) -> None:  # fmt: skip
    ask()
    settled(ask, "hit")
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ask me."}]
    found = ask(path="/v1/chat/completions", messages=[*turns, {"role": "user", "content": QUESTION}])
    answer_id = found["id"].removeprefix("chatcmpl-")
    deadline = time.monotonic() + 5
    with psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as owner:
        statement = "select cache_state, cache_reason from serving.answers where query_id = %s"
        while (row := owner.execute(statement, [answer_id]).fetchone()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert row[0] == "off" and row[1]


@pytest.fixture
def slow_to_keep(monkeypatch: pytest.MonkeyPatch) -> float:
    """Make keeping an answer take this many seconds more."""
    store, seconds = AnswerCache.store, 0.7

    async def slow(*given: Any, **more: Any) -> str | None:
        await asyncio.sleep(seconds)
        return await store(*given, **more)

    monkeypatch.setattr(AnswerCache, "store", slow)
    return seconds


@pytest.mark.parametrize("stream", [True, False])
def test_no_reader_waits_until_an_answer_is_kept_but_who_asks_again_does(
    api: httpx.Client, ask: Ask, as_member: Callable[[str], dict[str, str]], slow_to_keep: float, stream: bool
) -> None:
    ask(path="/v1/search", query=QUESTION)  # so that what follows is quick
    began = time.monotonic()
    first = streamed(api, as_member("staff")) if stream else ask()
    assert first["cache"] == "miss"
    assert time.monotonic() - began < slow_to_keep
    assert ask()["cache"] == "hit"


def streamed(api: httpx.Client, headers: dict[str, str]) -> dict[str, Any]:
    """Return the `meta` of an answer, once its stream was read to the end and its connection let go of."""
    with api.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}, headers=headers) as response:
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    meta: dict[str, Any] = json.loads(lines[0])
    return meta


def test_a_clean_stop_keeps_what_is_still_to_be_kept(
    serving: Any, as_member: Callable[[str], dict[str, str]], slow_to_keep: float, database: Any
) -> None:
    with serving(generator="extractive", answer_cache=True) as api:
        reply = api.post("/v1/ask", json={"question": QUESTION}, headers=as_member("staff")).json()
        assert reply["cache"] == "miss"
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        statement = "select count(*) from serving.cached_answers where id = %s"
        assert owner.execute(statement, [reply["answer_id"]]).fetchone() == (1,)
