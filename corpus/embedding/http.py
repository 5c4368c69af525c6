"""An embedder behind an OpenAI-compatible `/v1/embeddings` server: vLLM, TEI, llama.cpp, OpenAI."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np

from corpus.embedding import EmbedderSpec, EmbeddingError, Kind, Vectors, well_formed

_ATTEMPTS = 5
_FIRST_DELAY = 0.5  # seconds; doubles with every attempt
_LONGEST_DELAY = 30.0  # seconds; also caps what a server may ask for in Retry-After
_PASSING = frozenset({429, 500, 502, 503, 504})
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)


class HTTPEmbedder:
    """Sends texts to a model server in batches and puts the vectors back in order.

    Busy servers (429), failing ones (5xx) and broken connections are tried again with growing
    pauses. Safe to use from several threads.
    """

    def __init__(self, spec: EmbedderSpec, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Prepare a client for `spec.url` (the base address, ending in `/v1`); nothing is sent yet.

        Raises EmbeddingError when the address or the dimensions are missing.
        """
        if not spec.url or not spec.dimensions:
            raise EmbeddingError(
                "The http embedder needs to know where the server is and how long its vectors are. "
                "Set REGESTA_EMBEDDING_URL (for example http://127.0.0.1:8000/v1) and "
                "REGESTA_EMBEDDING_DIMENSIONS."
            )
        self.name = spec.model
        self.revision = spec.revision or "unversioned"
        self.dimensions = spec.dimensions
        self.max_tokens = spec.max_tokens
        self._address = spec.url.rstrip("/").removesuffix("/embeddings") + "/embeddings"
        self._prefixes = {"query": spec.query_prefix, "passage": spec.passage_prefix}
        self._batch_size = spec.batch_size
        self._threads = spec.threads or os.cpu_count() or 1
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {spec.api_key}"} if spec.api_key else {}
        self._client = httpx.Client(headers=headers, timeout=_TIMEOUT)

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Return an `(n, dimensions)` float32 array of unit rows, in the order of `texts`."""
        prefix = self._prefixes[kind]
        batches = _split([prefix + well_formed(text) for text in texts], self._batch_size)
        if not batches:
            return np.empty((0, self.dimensions), np.float32)
        with ThreadPoolExecutor(min(self._threads, len(batches))) as pool:
            return np.concatenate(list(pool.map(self._embed_batch, batches)))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return a cautious estimate, since the protocol has no way to ask: a token per 3 bytes.

        That is one token per Korean syllable and 1.3 times the usual count of English.
        """
        return [math.ceil(len(well_formed(text).encode()) / 3) for text in texts]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _embed_batch(self, texts: list[str]) -> Vectors:
        request = {"model": self.name, "input": texts, "encoding_format": "float"}
        answer = self._post(request)
        try:
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            indexes = [row["index"] for row in rows]
            vectors = np.array([row["embedding"] for row in rows], np.float32)
        except (ValueError, KeyError, TypeError) as error:
            raise EmbeddingError(
                f"{self._address} did not answer in the form of the OpenAI embeddings API "
                f"({type(error).__name__}: {error}). Check that REGESTA_EMBEDDING_URL is its base "
                "address and that the server is an embedding server."
            ) from error
        if indexes != list(range(len(texts))) or vectors.shape != (len(texts), self.dimensions):
            raise EmbeddingError(
                f"{self._address} returned vectors of shape {vectors.shape} for {len(texts)} texts; "
                f"({len(texts)}, {self.dimensions}) was expected. Check REGESTA_EMBEDDING_MODEL "
                "and REGESTA_EMBEDDING_DIMENSIONS."
            )
        return self._normalised(vectors)

    def _normalised(self, vectors: Vectors) -> Vectors:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms) & (norms > 0)):
            raise EmbeddingError(
                f"{self._address} returned a vector that is zero or not a number; it has no "
                "direction and cannot be searched. Look at the model server's log."
            )
        unit: Vectors = vectors / norms
        return unit

    def _post(self, request: dict[str, Any]) -> httpx.Response:
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                answer = self._client.post(self._address, json=request)
            except httpx.TransportError as error:
                if last:
                    raise EmbeddingError(
                        f"{self._address} cannot be reached after {_ATTEMPTS} attempts "
                        f"({type(error).__name__}: {error}). Is the model server running, and is "
                        "REGESTA_EMBEDDING_URL right?"
                    ) from error
                self._sleep(_delay(attempt, None))
                continue
            if answer.is_success:
                return answer
            if last or answer.status_code not in _PASSING:
                break
            self._sleep(_delay(attempt, answer.headers.get("Retry-After")))
        raise EmbeddingError(
            f"{self._address} refused to embed {len(request['input'])} texts with model "
            f"{self.name!r}: HTTP {answer.status_code} after {attempt + 1} attempt(s): "
            f"{answer.text[:200]!r}. {_advice(answer.status_code)}"
        )


def _split(texts: list[str], size: int) -> list[list[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def _delay(attempt: int, asked: str | None) -> float:
    """Return seconds to wait: what the server asked for, else doubling, with jitter; capped."""
    try:
        delay = float(asked or "")
    except ValueError:
        # Jitter, so that clients refused together do not come back together.
        delay = _FIRST_DELAY * 2**attempt * random.uniform(0.5, 1.0)
    return min(max(delay, 0.0), _LONGEST_DELAY)


def _advice(status: int) -> str:
    if status in (401, 403):
        return "Check REGESTA_EMBEDDING_API_KEY."
    if status == 404:
        return "Check REGESTA_EMBEDDING_URL and REGESTA_EMBEDDING_MODEL."
    if status in _PASSING:
        return "The server is overloaded or failing; try again later."
    return "Check the model's input limit and REGESTA_EMBEDDING_BATCH_SIZE."
