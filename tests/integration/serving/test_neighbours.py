"""A hit can bring the passages around it along, and says how long an answer from its source may be kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ingestion import steps
from ingestion.errors import IngestionError
from ingestion.sources import add_source, change_source
from ingestion.workbench import Workbench

SECTIONS = ("Arrival", "Badges", "Canteen", "Desks", "Exits")
BOOK = "\n\n".join(f"# {name}\n\nAll there is to know about {name.lower()} in this house." for name in SECTIONS)


@pytest.fixture(scope="module")
def api(serving: Any, bench: Workbench, source_bucket: str) -> Iterator[httpx.Client]:
    with bench.connect() as connection:
        add_source(connection, "house", f"s3://{source_bucket}/house/", answer_ttl_seconds=900)
    bench.s3.put_object(Bucket=source_bucket, Key="house/book.md", Body=BOOK.encode())
    run_id, [key] = steps.discover(bench, "house", "local", f"test__{uuid4()}")
    for _, step in steps.BATCH_STEPS:
        key = step(bench, key)
    assert steps.settle(bench, run_id).indexed == 1
    with serving(generator="extractive") as client:
        yield client


def _best(api: httpx.Client, **body: Any) -> dict[str, Any]:
    reply = api.post("/v1/search", json={"query": "canteen", **body})
    assert reply.status_code == 200, reply.text
    hit: dict[str, Any] = reply.json()["hits"][0]
    return hit


@pytest.mark.parametrize(("radius", "positions"), [(0, []), (1, [1, 3]), (5, [0, 1, 3, 4])])
def test_passages_around_a_hit_come_in_order(api: httpx.Client, radius: int, positions: list[int]) -> None:
    hit = _best(api, neighbours=radius)
    assert hit["position"] == 2
    assert [beside["position"] for beside in hit["neighbours"]] == positions
    assert all(SECTIONS[beside["position"]].lower() in beside["text"] for beside in hit["neighbours"])


def test_more_neighbours_than_allowed_are_refused(api: httpx.Client) -> None:
    assert api.post("/v1/search", json={"query": "canteen", "neighbours": 6}).status_code == 422


def test_a_source_says_how_long_answers_from_it_are_kept(api: httpx.Client, bench: Workbench) -> None:
    assert _best(api)["source_ttl_seconds"] == 900
    with bench.connect() as connection:
        change_source(connection, "house", "test", answer_ttl_seconds=None)
    assert _best(api)["source_ttl_seconds"] is None
    with bench.connect() as connection, pytest.raises(IngestionError, match="86400"):
        change_source(connection, "house", "test", answer_ttl_seconds=86_401)
