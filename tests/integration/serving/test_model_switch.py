"""The API while the embedding model changes under it: every question is answered, by one model or the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from corpus.embedding import EmbedderSpec, load_embedder
from corpus.models import load, serving_model
from ingestion import reembedding
from ingestion.workbench import Workbench
from tests.embedding_server import DIMENSIONS, EmbeddingServer, running

QUESTION = "After how many wrong passwords in a row is an account locked?"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddingServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def candidate(bench: Workbench, handbook: None, server: EmbeddingServer) -> Any:
    """A second model, built and ready to serve."""
    spec = EmbedderSpec(provider="http", model="bag", revision="r1", url=server.url, dimensions=DIMENSIONS)
    embedder = load_embedder(spec)
    with bench.connect() as connection:
        model = reembedding.register(connection, embedder, spec)
        reembedding.build(connection, model, embedder)
    return model, embedder


class Asker(threading.Thread):
    """Searches without a pause and keeps every answer that is not what it should be."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__(daemon=True)
        self.client, self.count, self.problems, self.slowest = client, 0, list[str](), 0.0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            started = time.perf_counter()
            answer = self.client.post("/v1/search", json={"query": QUESTION, "mode": "vector", "top_k": 3})
            self.slowest = max(self.slowest, time.perf_counter() - started)
            self.count += 1
            if answer.status_code != 200 or "eight wrong passwords" not in answer.text:
                self.problems.append(f"{answer.status_code}: {answer.text[:300]}")

    def __enter__(self) -> Asker:
        self.start()
        self.more()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join(30)

    def more(self) -> None:
        """Wait until some more questions were asked."""
        wanted, deadline = self.count + 5, time.monotonic() + 60
        while self.count < wanted:
            assert time.monotonic() < deadline, self.problems
            time.sleep(0.01)


@pytest.mark.parametrize("notice_seconds", [0.0, 6.0], ids=["without notice", "with notice"])
def test_no_question_fails_while_the_model_changes_and_changes_back(
    serving: Any, bench: Workbench, candidate: Any, server: EmbeddingServer, notice_seconds: float
) -> None:
    model, embedder = candidate
    with (
        serving(generator="extractive", embedding_ttl=0) as client,
        bench.connect() as connection,
        Asker(client) as asker,
    ):
        old = serving_model(connection)
        asked = server.embedded.total()
        reembedding.switch(connection, model, embedder, "an operator", notice_seconds=notice_seconds)
        asker.more()
        assert server.embedded.total() > asked  # questions are embedded by the new model now
        assert client.get("/health/ready").json()["checks"]["embedding_model"] == "ok"
        answer = client.post("/v1/ask", json={"question": QUESTION}).json()
        assert "eight" in str(answer)
        reembedding.switch(connection, old, load(old, bench.settings), "an operator", notice_seconds=notice_seconds)
        asker.more()
        asked = server.embedded.total()
        asker.more()
        assert server.embedded.total() == asked
    assert asker.problems == []
    assert asker.slowest < 5


def test_a_model_that_cannot_be_loaded_is_a_typed_error_and_text_search_goes_on(
    serving: Any, bench: Workbench, candidate: Any, database: Any
) -> None:
    model, embedder = candidate
    with serving(generator="extractive", embedding_ttl=0) as client, bench.connect() as connection:
        old = serving_model(connection)
        with psycopg.connect(database.conninfo("regesta_owner")) as owner:
            owner.execute("update corpus.embedding_models set revision = 'r9' where id = %s", [model.id])
        reembedding.switch(connection, model, embedder, "an operator", notice_seconds=0)
        answer = client.post("/v1/search", json={"query": QUESTION})
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:regesta:problem:model-unavailable")
        assert "bag (r9)" in answer.json()["detail"]
        assert client.get("/health/ready").status_code == 503
        text_only = client.post("/v1/search", json={"query": QUESTION, "mode": "text"})
        assert text_only.status_code == 200 and text_only.json()["hits"]
        reembedding.switch(connection, old, load(old, bench.settings), "an operator", notice_seconds=0)
        assert client.post("/v1/search", json={"query": QUESTION}).json()["hits"]
        assert client.get("/health/ready").status_code == 200
