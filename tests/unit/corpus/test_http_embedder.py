"""The HTTP embedder against a real server on this machine that answers as each test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from corpus.embedding import EmbedderSpec, EmbeddingError, load_embedder
from corpus.embedding.http import HTTPEmbedder

Answer = tuple[int, dict[str, str], Any]


class ModelServer:
    """An `/v1/embeddings` server; `answers` are given first, then correct ones, rows shuffled."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Answer] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append({"path": self.path, **body})
                server.headers.append(dict(self.headers))
                status, headers, answer = server.answers.pop(0) if server.answers else correct(body)
                payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 1.0, 0.0]


def correct(body: dict[str, Any]) -> Answer:
    rows = [{"index": i, "embedding": vector_of(text)} for i, text in enumerate(body["input"])]
    return 200, {}, {"data": rows[::-1]}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.stop()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def embedder(server: ModelServer, pauses: list[float]) -> Iterator[HTTPEmbedder]:
    spec = EmbedderSpec(provider="http", model="m", url=server.url, dimensions=3, batch_size=4, api_key="secret")
    embedder = HTTPEmbedder(spec, sleep=pauses.append)
    yield embedder
    embedder.close()


def unit(text: str) -> np.ndarray:
    vector = np.array(vector_of(text), np.float32)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 23])
def test_rows_come_back_in_the_order_of_the_texts(embedder: HTTPEmbedder, count: int) -> None:
    texts = ["x" * length for length in range(count)]
    vectors = embedder.embed(texts, "passage")
    assert vectors.shape == (count, 3) and vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(vector, unit("passage: " + text), rtol=1e-6)


def test_requests_are_batched_prefixed_and_authorised(server: ModelServer, embedder: HTTPEmbedder) -> None:
    embedder.embed(["a", "b", "c", "d", "e"], "query")
    assert sorted(len(request["input"]) for request in server.requests) == [1, 4]
    assert all(request["path"] == "/v1/embeddings" for request in server.requests)
    assert all(text.startswith("query: ") for request in server.requests for text in request["input"])
    assert server.headers[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_is_asked_again_with_growing_pauses(
    server: ModelServer, embedder: HTTPEmbedder, pauses: list[float], status: int
) -> None:
    server.answers = [(status, {}, {})] * 3
    assert embedder.embed(["a"], "query").shape == (1, 3)
    assert len(server.requests) == 4
    assert all(0.25 * 2**n <= pause <= 0.5 * 2**n for n, pause in enumerate(pauses))


def test_retry_after_is_honoured_up_to_a_limit(
    server: ModelServer, embedder: HTTPEmbedder, pauses: list[float]
) -> None:
    server.answers = [(429, {"Retry-After": "7"}, {}), (429, {"Retry-After": "86400"}, {})]
    embedder.embed(["a"], "query")
    assert pauses == [7.0, 30.0]


def test_attempts_are_bounded(server: ModelServer, embedder: HTTPEmbedder) -> None:
    server.answers = [(503, {}, {"error": "loading"})] * 50
    with pytest.raises(EmbeddingError, match=r"HTTP 503 after 5 attempt.*try again later"):
        embedder.embed(["a"], "query")
    assert len(server.requests) == 5


def test_refusal_is_not_repeated_and_keeps_the_key_secret(server: ModelServer, embedder: HTTPEmbedder) -> None:
    server.answers = [(401, {}, {"error": "no"})]
    with pytest.raises(EmbeddingError, match="REGESTA_EMBEDDING_API_KEY") as caught:
        embedder.embed(["a"], "query")
    assert len(server.requests) == 1
    assert "secret" not in str(caught.value)


def rows(*embeddings: Any) -> dict[str, Any]:
    return {"data": [{"index": i, "embedding": values} for i, values in enumerate(embeddings)]}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"<html>", "form of the OpenAI embeddings API"),
        ({"object": "list"}, "form of the OpenAI embeddings API"),
        (rows(), r"shape \(0,\) for 1 texts"),
        (rows([1.0, 2.0]), r"\(1, 3\) was expected"),
        (rows([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), r"shape \(2, 3\) for 1 texts"),
        (rows([0.0, 0.0, 0.0]), "no direction"),
        (rows([float("nan"), 0.0, 0.0]), "no direction"),
    ],
)
def test_wrong_answers_are_explained(server: ModelServer, embedder: HTTPEmbedder, answer: object, message: str) -> None:
    server.answers = [(200, {}, answer)]
    with pytest.raises(EmbeddingError, match=message):
        embedder.embed(["a"], "query")


def test_unreachable_server_is_explained(server: ModelServer, pauses: list[float]) -> None:
    address = server.url
    server.stop()
    embedder = HTTPEmbedder(EmbedderSpec(provider="http", url=address, dimensions=3), sleep=pauses.append)
    with pytest.raises(EmbeddingError, match=r"cannot be reached after 5 attempts"):
        embedder.embed(["a"], "query")
    assert len(pauses) == 4


def test_token_estimate_is_cautious(embedder: HTTPEmbedder) -> None:
    assert embedder.count_tokens(["", "abcdef", "로그인", "\ud800"]) == [0, 2, 3, 1]
    assert embedder.embed(["half a pair \ud800"], "query").shape == (1, 3)


@pytest.mark.parametrize("missing", [{"url": "http://127.0.0.1:1/v1"}, {"dimensions": 3}])
def test_incomplete_specification_is_refused(missing: dict[str, Any]) -> None:
    with pytest.raises(EmbeddingError, match=r"REGESTA_EMBEDDING_URL.*REGESTA_EMBEDDING_DIMENSIONS"):
        load_embedder(EmbedderSpec(provider="http", **missing))
