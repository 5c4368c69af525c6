"""A real standby, an API that searches on it, and what both can be asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY

from ingestion.workbench import Workbench
from tests.integration.ingestion.conftest import Folder
from tests.standby import Standby

TIMEOUT = 1.0
QUESTION = "How many berths does the old harbour have?"
HARBOUR = "# Harbour\n\nThe old harbour has 12 berths for fishing boats."
LIGHTHOUSE = "# Lighthouse\n\nThe lighthouse stands on a rock of 40 metres."


@pytest.fixture(scope="module")
def standby(cluster: Any, bench: Workbench) -> Iterator[Standby]:
    standby = Standby(cluster)
    standby.copy()
    try:
        standby.start()
        yield standby
    finally:
        standby.stop()
        standby.delete()


@pytest.fixture(scope="module")
def replica_url(standby: Standby, database: Any) -> str:
    return f"postgresql://127.0.0.1:{standby.port}/{database.name}"


@pytest.fixture
def api(serving: Any, standby: Standby, replica_url: str) -> Iterator[httpx.Client]:
    """An API that keeps no search results: every question is searched for, on a replica that is in use."""
    with serving(generator="extractive", replica_url=replica_url, replica_timeout=TIMEOUT, retrieval_ttl=0) as client:
        until(client, "ok")
        yield client


@pytest.fixture
def folder(bench: Workbench, source_bucket: str) -> Folder:
    """The documents of a tenant of their own."""
    folder = Folder(bench, source_bucket, f"r{uuid4().hex[:12]}")
    folder.put("harbour.md", HARBOUR)
    folder.put("lighthouse.md", LIGHTHOUSE)
    folder.sync()
    return folder


def state(client: httpx.Client) -> str:
    reply = client.get("/health/ready")
    assert reply.status_code == 200, "a replica is no reason to be taken out of service"
    return str(reply.json()["checks"]["replica"])


def until(client: httpx.Client, wanted: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while (found := state(client)) != wanted:
        assert time.monotonic() < deadline, f"the replica is {found}, not {wanted}"
        time.sleep(0.05)


def count(reason: str | None = None) -> float:
    """Return how many searches the replica did, or the primary for a reason."""
    if reason is None:
        return REGISTRY.get_sample_value("regesta_replica_searches_total") or 0
    return REGISTRY.get_sample_value("regesta_replica_fallbacks_total", {"reason": reason}) or 0


def texts(client: httpx.Client, key: str | None = None, **more: Any) -> list[str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    reply = client.post("/v1/search", json={"query": QUESTION, **more}, headers=headers)
    assert reply.status_code == 200, reply.text
    return [hit["text"] for hit in reply.json()["hits"]]
