"""Search and ask as of a time, narrow by metadata, and ask for a rollback: over the real API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ingestion import requests, steps, versions
from ingestion.sources import add_source
from ingestion.workbench import Workbench

V1 = """---
author: Mina Park
tags: [leave, people]
date: 2026-03-01
---
# Leave

Staff have 20 days of leave a year.
"""
V2 = V1.replace("20 days", "25 days")
OTHER = "# Canteen\n\nThe canteen opens at noon, and has closed on Fridays since 2024-05-06."


def _sync(bench: Workbench, name: str) -> None:
    run_id, keys = steps.discover(bench, name, "local", f"test__{uuid4()}")
    for key in keys:
        for _, step in steps.BATCH_STEPS:
            key = step(bench, key)
    assert steps.settle(bench, run_id).state == "succeeded"


@pytest.fixture(scope="module")
def times(bench: Workbench, source_bucket: str) -> dict[str, datetime]:
    """Publish v1 and v2 of one document, and another; return moments between."""
    name, moments = "looking-back", {}
    with bench.connect() as connection:
        add_source(connection, name, f"s3://{source_bucket}/{name}/")
    moments["before"] = datetime.now(UTC)
    bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/leave.md", Body=V1.encode())
    bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/canteen.md", Body=OTHER.encode())
    _sync(bench, name)
    moments["v1"] = datetime.now(UTC)
    bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/leave.md", Body=V2.encode())
    _sync(bench, name)
    moments["v2"] = datetime.now(UTC)
    return moments


@pytest.fixture(scope="module")
def api(serving: Any, times: dict[str, datetime]) -> Iterator[httpx.Client]:
    with serving(generator="extractive") as client:
        yield client


def _search(api: httpx.Client, query: str = "days of leave a year", **body: Any) -> list[dict[str, Any]]:
    reply = api.post("/v1/search", json={"query": query, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()["hits"]


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
@pytest.mark.parametrize(("moment", "days"), [("v1", "20 days"), ("v2", "25 days"), (None, "25 days")])
def test_a_search_sees_what_was_served_then(
    api: httpx.Client, times: dict[str, datetime], mode: str, moment: str | None, days: str
) -> None:
    hits = _search(api, mode=mode, as_of=times[moment].isoformat() if moment else None)
    leave = [hit for hit in hits if hit["uri"].endswith("leave.md")]
    assert [days in hit["text"] for hit in leave] == [True]
    assert leave[0]["version"] == (1 if moment == "v1" else 2)


def test_before_anything_was_there_nothing_is_found(api: httpx.Client, times: dict[str, datetime]) -> None:
    assert _search(api, as_of=times["before"].isoformat()) == []


def test_an_answer_can_look_back(api: httpx.Client, times: dict[str, datetime]) -> None:
    body = {"question": "How many days of leave do staff have a year?", "as_of": times["v1"].isoformat()}
    reply = api.post("/v1/ask", json=body).json()
    assert "20 days" in reply["answer"]
    assert reply["citations"][0]["version"] == 1


@pytest.mark.parametrize("age", [timedelta(days=14, minutes=1), timedelta(minutes=-5)])
def test_a_time_outside_the_window_is_refused(api: httpx.Client, age: timedelta) -> None:
    reply = api.post("/v1/search", json={"query": "leave", "as_of": (datetime.now(UTC) - age).isoformat()})
    assert reply.status_code == 422
    assert reply.json()["type"] == "urn:regesta:problem:outside-retention"


@pytest.mark.parametrize("as_of", ["2026-11-20T09:00:00", "yesterday", 12])
def test_a_time_must_say_its_zone(api: httpx.Client, as_of: Any) -> None:
    assert api.post("/v1/search", json={"query": "leave", "as_of": as_of}).status_code == 422 or as_of == 12


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"author": "Mina Park"}, {"leave.md"}),
        ({"author": "Nobody"}, set()),
        ({"tags": ["leave"]}, {"leave.md"}),
        ({"tags": ["leave", "people"]}, {"leave.md"}),
        ({"tags": ["leave", "none"]}, set()),
        ({"titles": ["Canteen"]}, {"canteen.md"}),
        ({"published": {"since": "2026-01-01T00:00:00Z", "before": "2026-06-01T00:00:00Z"}}, {"leave.md"}),
        ({"published": {"since": "2026-06-01T00:00:00Z"}}, set()),
        ({"modified": {"since": "2020-01-01T00:00:00Z"}}, {"leave.md", "canteen.md"}),
        ({"entities": {"dates": ["2024-05-06"]}}, {"canteen.md"}),
        ({"languages": ["ko"]}, set()),
        ({"least_pages": 2}, set()),
    ],
)
def test_every_kind_of_metadata_narrows_a_search(api: httpx.Client, filters: dict[str, Any], found: set[str]) -> None:
    hits = _search(api, "leave canteen", filters={"sources": ["looking-back"], **filters})
    assert {hit["uri"].rpartition("/")[2] for hit in hits} == found


@pytest.mark.parametrize(
    "filters",
    [
        {"published": {"since": "2026-06-01T00:00:00Z", "before": "2026-01-01T00:00:00Z"}},
        {"least_pages": 3, "most_pages": 2},
        {"languages": ["Korean; drop table"]},
        {"unknown": 1},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(api: httpx.Client, filters: dict[str, Any]) -> None:
    assert api.post("/v1/search", json={"query": "leave", "filters": filters}).status_code == 422


def test_versions_are_listed_and_a_rollback_is_asked_for(
    api: httpx.Client, bench: Workbench, other_key: str, times: dict[str, datetime]
) -> None:
    document = next(hit["document_id"] for hit in _search(api) if hit["uri"].endswith("leave.md"))
    listed = api.get(f"/v1/documents/{document}/versions").json()["versions"]
    assert [(entry["version"], entry["state"]) for entry in listed] == [(2, "current"), (1, "superseded")]
    assert listed[1]["served_until"] is not None
    assert listed[0]["metadata"]["author"] == "Mina Park"
    asked = api.post(f"/v1/documents/{document}/restore", json={"version": 1, "reason": "v2 is wrong"})
    assert asked.status_code == 202
    assert api.get(asked.headers["Location"]).json()["state"] == "waiting"
    with bench.connect() as connection:
        requests.answer_requests(connection)
    done = api.get(asked.headers["Location"]).json()
    assert (done["state"], done["result"]["restored"][0]["version"]) == ("done", 1)
    assert any("20 days" in hit["text"] for hit in _search(api))
    stranger = {"Authorization": f"Bearer {other_key}"}
    for reply in (
        api.get(f"/v1/documents/{document}/versions", headers=stranger),
        api.post(f"/v1/documents/{document}/restore", json={"reason": "mine"}, headers=stranger),
        api.get(asked.headers["Location"], headers=stranger),
        api.post(f"/v1/documents/{uuid4()}/restore", json={"reason": "none"}),
    ):
        assert reply.status_code == 404
    with bench.connect() as connection:
        versions.release(connection, document, "test")


def test_near_identical_passages_are_shown_once_where_the_tenant_wishes_it(
    api: httpx.Client, bench: Workbench, source_bucket: str, times: dict[str, datetime]
) -> None:
    name = "near-identical"
    with bench.connect() as connection:
        add_source(connection, name, f"s3://{source_bucket}/{name}/")
    for place in ("lisbon", "seoul"):
        body = f"# Parking\n\nThe garage in {place} closes at nine in the evening on working days.\n"
        bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/{place}.md", Body=body.encode())
    _sync(bench, name)
    query, only = "When does the garage close?", {"sources": [name]}
    assert len(_search(api, query, filters=only)) == 2
    with bench.connect() as connection:
        connection.execute("insert into corpus.tenant_policies values ('default', 0.9)")
    try:
        assert len(_search(api, query, filters=only)) == 1
    finally:
        with bench.connect() as connection:
            connection.execute("delete from corpus.tenant_policies")
