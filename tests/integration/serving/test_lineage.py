"""Feedback about an answer, and the way from its sentences to bytes; who may go it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from ingestion import erasure, steps
from ingestion.sources import add_source, change_source
from ingestion.workbench import Workbench
from serving import feedback
from serving.access import Scope, authenticate
from serving.assembling import open_pool
from serving.batch_running import work_on_batch
from serving.errors import NotFound
from serving.settings import ServingSettings
from tests.integration.conftest import LOGIN_EN

QUESTION = "After how many wrong passwords is an account locked?"


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None) -> Iterator[httpx.Client]:
    with serving(generator="extractive") as client:
        yield client


def ask(api: httpx.Client, question: str = QUESTION, headers: dict[str, str] | None = None, **body: Any) -> str:
    """Ask, and wait until the answer stands in the log."""
    reply = api.post("/v1/ask", json={"question": question, **body}, headers=headers)
    assert reply.status_code == 200, reply.text
    answer_id, deadline = reply.json()["answer_id"], time.monotonic() + 5
    while api.get(f"/v1/answers/{answer_id}/lineage", headers=headers).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return str(answer_id)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def lineage(api: httpx.Client, answer_id: str, headers: dict[str, str] | None = None) -> Any:
    return api.get(f"/v1/answers/{answer_id}/lineage", headers=headers).json()


def publish(bench: Workbench, bucket: str, name: str, text: str, **policy: Any) -> None:
    with bench.connect() as connection:
        add_source(connection, name, f"s3://{bucket}/{name}/", **policy)
    bench.s3.put_object(Bucket=bucket, Key=f"{name}/doc.md", Body=text.encode())
    run_id, [key] = steps.discover(bench, name, "local", f"test__{uuid4()}")
    for _, step in steps.BATCH_STEPS:
        key = step(bench, key)
    assert steps.settle(bench, run_id).state == "succeeded"


def test_every_sentence_leads_back_to_bytes(api: httpx.Client, bench: Workbench) -> None:
    found = lineage(api, ask(api))
    sentence = found["sentences"][0]
    assert "locked after eight" in sentence["text"]
    citation = next(one for one in found["citations"] if one["number"] == sentence["citations"][0])
    assert citation["evidence"] == "current"
    assert "eight wrong passwords" in citation["passage"]["text"]
    assert citation["version"]["uri"].endswith("login.md")
    assert (citation["version"]["number"], len(citation["version"]["pipeline"])) == (1, 6)
    assert citation["version"]["embedding_model"]
    raw = citation["raw_object"]
    assert raw["sha256"] == hashlib.sha256(LOGIN_EN.encode()).hexdigest()
    assert bench.store.get(raw["s3_key"]) == LOGIN_EN.encode()
    assert raw["byte_count"] == len(LOGIN_EN.encode())
    assert citation["run"]["trigger"] == "local" and citation["run"]["settled_at"]


def test_an_answer_is_looked_into_only_by_those_who_could_have_had_it(
    api: httpx.Client, new_key: Callable[..., str], other_key: str
) -> None:
    hr = bearer(new_key(groups=("everyone", "hr")))
    answer_id = ask(api, headers=hr)
    assert lineage(api, ask(api), hr)["sentences"], "more groups see what fewer have asked"
    opinion = {"answer_id": answer_id, "rating": "down"}
    for headers in ({}, bearer(other_key)):
        for reply in (
            api.get(f"/v1/answers/{answer_id}/lineage", headers=headers),
            api.post("/v1/feedback", json=opinion, headers=headers),
            api.post(f"/v1/answers/{answer_id}/verify", json={}, headers=headers),
        ):
            assert reply.status_code == 404, reply.text
    assert api.get(f"/v1/answers/{uuid4()}/lineage").status_code == 404


def test_what_may_not_be_seen_any_more_is_hidden_and_the_answer_with_it(
    api: httpx.Client, bench: Workbench, source_bucket: str
) -> None:
    name = f"hidden-{uuid4().hex[:6]}"
    publish(bench, source_bucket, name, "# Otters\n\nThe otters of Lisbon sleep at four in the afternoon.")
    answer_id = ask(api, "When do the otters of Lisbon sleep?", filters={"sources": [name]})
    assert "otters" in lineage(api, answer_id)["sentences"][0]["text"]
    with bench.connect() as connection:
        change_source(connection, name, "test", access_groups=["hr"])
    found = api.get(f"/v1/answers/{answer_id}/lineage")
    assert "otters" not in found.text and name not in found.text
    assert found.json()["is_withheld"] is True
    assert found.json()["sentences"] == []
    assert found.json()["citations"] == [
        {"number": 1, "evidence": "hidden", "passage": None, "version": None, "raw_object": None, "run": None}
    ]


def test_purged_and_deleted_evidence_says_so(
    api: httpx.Client, bench: Workbench, source_bucket: str, database: Any
) -> None:
    name = f"gone-{uuid4().hex[:6]}"
    publish(bench, source_bucket, name, "# Beavers\n\nBeavers build their dams on the first Monday of May.")
    answer_id = ask(api, "When do beavers build dams?", filters={"sources": [name]})
    version = lineage(api, answer_id)["citations"][0]["version"]["id"]
    with psycopg.connect(database.conninfo("regesta_owner")) as owner:
        owner.execute("update corpus.versions set state = 'purged' where id = %s", [version])
        owner.commit()
        try:
            citation = lineage(api, answer_id)["citations"][0]
            assert citation["evidence"] == "purged"
            assert citation["passage"]["text"] is None
            assert citation["raw_object"]["sha256"]
        finally:
            owner.execute("update corpus.versions set state = 'current' where id = %s", [version])


def test_an_erased_document_takes_answers_feedback_and_batch_results_along(
    api: httpx.Client, bench: Workbench, source_bucket: str, settings: Any
) -> None:
    name = f"erased-{uuid4().hex[:6]}"
    publish(bench, source_bucket, name, "# Herons\n\nHerons pay their rent in silver fish every quarter.")
    answer_id = ask(api, "How do herons pay their rent?", filters={"sources": [name]})
    document = lineage(api, answer_id)["citations"][0]["version"]["document_id"]
    assert api.post("/v1/feedback", json={"answer_id": answer_id, "rating": "up"}).status_code == 201
    item = {"custom_id": "a", "question": "How do herons pay their rent?", "filters": {"sources": [name]}}
    others = {"custom_id": "b", "question": QUESTION, "filters": {"languages": ["ko"]}}
    where = api.post("/v1/batches", json={"questions": [item, others]}).headers["Location"]
    work_on_batch(settings(ServingSettings, generator="extractive"), where.rpartition("/")[2])
    assert "silver fish" in api.get(f"{where}/results").text
    with bench.connect() as connection:
        erasure.erase(connection, bench.store, document, "test", "a test")
    assert api.get(f"/v1/answers/{answer_id}/lineage").status_code == 404
    erased, kept = (json.loads(line) for line in api.get(f"{where}/results").text.splitlines())
    assert (erased["status"], erased["answer"], erased["error"]["type"]) == ("failed", None, "erased")
    assert (kept["status"], kept["error"]) == ("done", None)


def test_the_newest_word_of_a_key_counts(api: httpx.Client, database: Any) -> None:
    answer_id = ask(api)
    first = api.post("/v1/feedback", json={"answer_id": answer_id, "rating": "up"})
    second = api.post(
        "/v1/feedback",
        json={"answer_id": answer_id, "rating": "down", "reason": "틀렸어요", "corrected_answer": "Nine."},
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["evicted"] == 0
    with psycopg.connect(database.conninfo("regesta_dbt")) as connection:
        rows = connection.execute(
            "select rating, reason, corrected_answer from serving.feedback where answer_id = %s", [answer_id]
        ).fetchall()
    assert rows == [("down", "틀렸어요", "Nine.")]


@pytest.mark.parametrize("body", [{"rating": "down"}, {"answer_id": "x", "rating": "up"}, {"rating": "meh"}])
def test_feedback_must_be_about_an_answer(api: httpx.Client, body: dict[str, Any]) -> None:
    assert api.post("/v1/feedback", json={"answer_id": str(uuid4()), **body}).status_code in (404, 422)


def test_without_a_cache_nothing_is_kept_as_verified(api: httpx.Client) -> None:
    reply = api.post(f"/v1/answers/{ask(api)}/verify", json={})
    assert (reply.status_code, reply.json()["type"]) == (409, "urn:regesta:problem:not-possible")


class Cache:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, UUID, str | None]] = []

    async def evict(self, scope: Scope, answer_id: UUID) -> int:
        self.calls.append(("evict", answer_id, None))
        return 2

    async def pin(self, scope: Scope, answer_id: UUID, text: str) -> None:
        self.calls.append(("pin", answer_id, text))


def test_feedback_reaches_the_cache(api: httpx.Client, settings: Any) -> None:
    answer_id, cache = UUID(ask(api)), Cache()
    key = api.headers["Authorization"].removeprefix("Bearer ")

    async def scenario() -> None:
        async with open_pool(settings(ServingSettings)) as pool:
            scope = await authenticate(pool, key)
            up = await feedback.save(pool, cache, scope, answer_id, feedback.Opinion("up"))
            down = await feedback.save(pool, cache, scope, answer_id, feedback.Opinion("down"))
            assert (up.evicted, down.evicted) == (0, 2)
            kept = await feedback.verify(pool, cache, scope, answer_id, None)
            assert "eight" in kept
            await feedback.verify(pool, cache, scope, answer_id, "Eight [1].")
            assert cache.calls == [
                ("evict", answer_id, None),
                ("pin", answer_id, None),
                ("pin", answer_id, "Eight [1]."),
            ]
            with pytest.raises(NotFound):
                await feedback.save(pool, cache, scope, uuid4(), feedback.Opinion("down"))

    asyncio.run(scenario())
    assert len(cache.calls) == 3
