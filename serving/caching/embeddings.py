"""The cache of question vectors: an hour, in Postgres, the longest unused make room."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from serving.access import Pool, Scope, fetch
from serving.caching.room import Room
from serving.hits import vector_literal
from sql import queries

TTL_SECONDS = 3600


class EmbeddingCache:
    """Remembers what a question was embedded as; the question itself is not kept, only its hash."""

    def __init__(self, pool: Pool, room: Room, ttl_seconds: int = TTL_SECONDS) -> None:
        self._pool = pool
        self._room = room
        self._ttl = ttl_seconds

    async def get(self, scope: Scope, text: str, model_id: int) -> NDArray[np.float32] | None:
        """Return the vector a model gave to this text within the last hour, or None."""
        key = {"model_id": model_id, "text_hash": text_hash(text)}
        [rows] = await fetch(self._pool, scope, (queries("caches")["get_embedding"], key), may_be_lost=True)
        return np.fromstring(rows[0]["vector"].strip("[]"), np.float32, sep=",") if rows else None

    async def put(self, scope: Scope, text: str, model_id: int, vector: NDArray[np.float32]) -> None:
        """Keep a vector, in half precision, as the search compares it."""
        row = {
            "tenant_id": scope.tenant_id,
            "model_id": model_id,
            "text_hash": text_hash(text),
            "vector": vector_literal(vector),
            "ttl": self._ttl,
        }
        put = queries("caches")["put_embedding"], row
        await fetch(self._pool, scope, put, *self._room.for_one_more(), may_be_lost=True)


def text_hash(text: str) -> str:
    """Return what stands for a question where the question itself is not kept."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
