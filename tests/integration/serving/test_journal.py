"""The query log: what was asked, found, decided and answered, without personal data, and nothing of it lost."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest

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


def test_a_clean_stop_writes_what_waits(serving: Any, handbook: None, owner: psycopg.Connection[Any]) -> None:
    with serving(generator="extractive") as client:
        ids = [client.post("/v1/ask", json={"question": f"{QUESTION} {n}"}).json()["answer_id"] for n in range(5)]
    found = owner.execute("select count(*) from serving.answers where query_id = any(%s)", [ids]).fetchone()
    assert found == (5,)
