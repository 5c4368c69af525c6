"""The query log: what was asked, found, decided and answered, without personal data, and nothing of it lost."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
import pytest

from serving.metrics import JOURNAL_LOST
from tests.messages_server import running as messages_running
from tests.outage import out_of_reach

QUESTION = "I am minsu.kim@example.com: after how many wrong passwords is an account locked?"


@pytest.fixture
def owner(database: Any) -> Any:
    with psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as connection:
        yield connection


def logged(owner: psycopg.Connection[Any], answer_id: str, columns: str) -> tuple[Any, ...]:
    """Return columns of a question `q` and its answer `a`, once they are written."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        row = owner.execute(
            f"select {columns} from serving.queries q join serving.answers a on a.query_id = q.id where q.id = %s",  # noqa: S608
            [answer_id],
        ).fetchone()
        if row:
            return row
        time.sleep(0.1)
    raise AssertionError("it was not written")


def test_the_log_holds_no_personal_data_and_every_decision(
    serving: Any, handbook: None, owner: psycopg.Connection[Any]
) -> None:
    with serving(generator="extractive", answer_cache=True) as client:
        reply = client.post("/v1/ask", json={"question": QUESTION, "filters": {"languages": ["en"]}}).json()
        row = logged(
            owner, reply["answer_id"],
            "q.question, q.filters, q.candidates, q.timings, a.cache_state, a.cache_reason, a.tier, a.groundedness,"
            " a.seconds",
        )  # fmt: skip
    question, filters, candidates, timings, cache_state, cache_reason, tier, groundedness, seconds = row
    assert question == QUESTION.replace("minsu.kim@example.com", "[EMAIL]")
    assert filters == {"languages": ["en"]}
    assert {"chunk_id", "text_rank", "vector_rank", "score", "similarity", "text_score"} <= candidates[0].keys()
    assert {"analyse", "search", "cache"} <= timings.keys()
    assert (cache_state, cache_reason) == ("off", reply["cache_reason"])
    assert (tier, groundedness) == ("none", 1.0)
    assert seconds > 0


def test_a_database_that_is_away_for_a_while_costs_no_row(
    serving: Any, handbook: None, owner: psycopg.Connection[Any]
) -> None:
    with serving(generator="extractive", pool_timeout=1.0) as client:
        with owner.transaction():
            owner.execute("lock table serving.queries in access exclusive mode")  # nothing can be written meanwhile
            replies = [client.post("/v1/ask", json={"question": f"{QUESTION} {n}"}) for n in range(3)]
            assert [reply.status_code for reply in replies] == [200, 200, 200], "the log is in nobody's way"
            time.sleep(1)
        for reply in replies:
            assert logged(owner, reply.json()["answer_id"], "a.state") == ("complete",)


def test_a_database_nobody_can_reach_costs_no_row(
    serving: Any, handbook: None, owner: psycopg.Connection[Any], database: Any
) -> None:
    """Connections are ended and refused while an answer is written, as when the database is restarted."""
    lost = JOURNAL_LOST._value.get()
    with (
        messages_running() as upstream,
        serving(anthropic_api_key="sk-test", anthropic_base_url=upstream.url, pool_timeout=1.0) as client,
    ):
        upstream.fault = "drip"
        with client.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as response:
            lines = (line for line in response.iter_lines() if line.startswith("data: {"))
            answer_id = json.loads(next(lines).removeprefix("data: "))["answer_id"]
            with out_of_reach(database):
                assert json.loads(list(lines)[-1].removeprefix("data: "))["state"] == "complete"
                assert client.post("/v1/search", json={"query": "x"}).status_code == 503
        with psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as again:
            assert logged(again, answer_id, "a.state, a.text") == ("complete", "Locked after eight tries [1].")
    assert JOURNAL_LOST._value.get() == lost


def test_a_follow_up_is_logged_with_what_was_searched(
    serving: Any, handbook: None, owner: psycopg.Connection[Any]
) -> None:
    earlier = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "After eight [1]."}]
    with serving(generator="extractive") as client:
        body = {"messages": [*earlier, {"role": "user", "content": "And why?"}]}
        answer_id = client.post("/v1/chat/completions", json=body).json()["id"].removeprefix("chatcmpl-")
        question, rewritten = logged(owner, answer_id, "q.question, q.rewritten")
    assert question == "And why?"
    assert rewritten == f"{QUESTION}\nAnd why?".replace("minsu.kim@example.com", "[EMAIL]")


def test_an_answer_holds_no_personal_data_either(serving: Any, handbook: None, owner: psycopg.Connection[Any]) -> None:
    with (
        messages_running() as upstream,
        serving(anthropic_api_key="sk-test", anthropic_base_url=upstream.url) as client,
    ):
        upstream.words = ["Write to", " minsu.kim@", "example.com", " [1]."]
        reply = client.post("/v1/ask", json={"question": QUESTION}).json()
        assert "minsu.kim@example.com" in reply["answer"], "what was asked for is shown to who asked"
        assert logged(owner, reply["answer_id"], "a.text, a.tier, a.model") == (
            "Write to [EMAIL] [1].", "light", "claude-haiku-5-5",
        )  # fmt: skip


def test_a_clean_stop_writes_what_waits(serving: Any, handbook: None, owner: psycopg.Connection[Any]) -> None:
    with serving(generator="extractive") as client:
        ids = [client.post("/v1/ask", json={"question": f"{QUESTION} {n}"}).json()["answer_id"] for n in range(5)]
    found = owner.execute("select count(*) from serving.answers where query_id = any(%s)", [ids]).fetchone()
    assert found == (5,)
