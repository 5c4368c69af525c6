"""The cache of search results: half an hour, and never older than the corpus."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from serving.access import Pool, Scope, fetch
from serving.caching.room import Room
from serving.filters import EVERYTHING, Filters
from sql import queries

TTL_SECONDS = 1800


@dataclass(frozen=True)
class Lookup:
    """What was found under a key.

    Attributes:
        release: The release of the corpus served when it was looked up; hand it back to `put`.
        hits: The hits as they were put, or None.
    """

    release: int
    hits: list[dict[str, Any]] | None


class RetrievalCache:
    """Remembers the hits of a search as long as nothing was published since.

    Every transaction that may change what a search finds begins a new release. A result is stored under the release
    that was read before the search, and used only while that is the one served: an edit, a rollback, a deletion or a
    change of groups therefore needs no list of what to evict.
    """

    def __init__(self, pool: Pool, room: Room, ttl_seconds: int = TTL_SECONDS) -> None:
        self._pool = pool
        self._room = room
        self._ttl = ttl_seconds

    async def get(self, scope: Scope, key: str) -> Lookup:
        """Return what is cached under a key for this release."""
        look = queries("caches")["get_retrieval"], {"key_hash": key}
        [[row]] = await fetch(self._pool, scope, look, may_be_lost=True)
        return Lookup(row["release"], row["hits"])

    async def put(
        self, scope: Scope, key: str, release: int, chunk_ids: Sequence[UUID], hits: Sequence[dict[str, Any]]
    ) -> None:
        """Keep the hits of a search that began under `release`; values that are not JSON are kept as text."""
        row = {
            "tenant_id": scope.tenant_id,
            "key_hash": key,
            "access_groups": sorted(scope.access_groups),
            "release": release,
            "chunk_ids": list(chunk_ids),
            "hits": Jsonb(list(hits), dumps=lambda value: json.dumps(value, default=str, ensure_ascii=False)),
            "ttl": self._ttl,
        }
        put = queries("caches")["put_retrieval"], row
        await fetch(self._pool, scope, put, *self._room.for_one_more(), may_be_lost=True)


def retrieval_key(
    scope: Scope, text: str, model_id: int | None, mode: str, top_k: int, filters: Filters = EVERYTHING, **more: Any
) -> str | None:
    """Return the key of a search: everything that decides its result, hashed; None when it must not be cached.

    Looking back (`as_of`) is not cached: a purge changes the past, and begins no release.

    Args:
        more: Whatever else decides the result: neighbours, reranker, weights.
    """
    if filters.as_of is not None:
        return None
    parts = [sorted(scope.access_groups), text, model_id, mode, top_k, asdict(filters), sorted(more.items())]
    return hashlib.sha256(json.dumps(parts, default=str, ensure_ascii=False).encode(errors="replace")).hexdigest()


def filter_key(filters: Filters) -> str:
    """Return what a search was narrowed to, hashed; empty without filters."""
    if filters == EVERYTHING:
        return ""
    return hashlib.sha256(json.dumps(asdict(filters), default=str).encode(errors="replace")).hexdigest()
