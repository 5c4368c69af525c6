"""Search results as the retriever keeps them: hits in, hits out, never of another release of the corpus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from serving.access import Scope
from serving.caching.retrievals import RetrievalCache, retrieval_key
from serving.errors import ServingError
from serving.filters import Filters
from serving.hits import Hit

log = structlog.get_logger(__name__)
KEPT_AT_ONCE = 8
_IDS = ("document_id", "version_id", "chunk_id")


@dataclass(frozen=True)
class Place:
    """Where a result is kept; `hits` is what was there, `key` is None when it must not be kept.

    Attributes:
        release: The release of the corpus served when it was looked up; None when that was not asked for.
        model_id: The model whose vectors the result is found with; None without vectors.
    """

    key: str | None
    release: int | None = None
    hits: Sequence[Hit] | None = None
    model_id: int | None = None


class ResultCache:
    """The cache of search results in the retriever's terms."""

    def __init__(self, retrievals: RetrievalCache) -> None:
        self._retrievals = retrievals
        self._keeping: set[asyncio.Task[None]] = set()

    async def look(
        self, scope: Scope, text: str, model_id: int | None, mode: str, depth: int, filters: Filters, neighbours: int
    ) -> Place:
        """Return where the result of a search is kept, and what is there for this release."""
        key = retrieval_key(scope, text, model_id, mode, depth, filters, neighbours=neighbours)
        if key is None:
            return Place(None)
        found = await self._retrievals.get(scope, key)
        hits = None if found.hits is None else [_hit(row) for row in found.hits]
        return Place(key, found.release, hits, model_id)

    def keep(self, scope: Scope, place: Place, hits: Sequence[Hit]) -> None:
        """Keep a result, beside the request; when many wait to be kept already, questions come first."""
        if place.key is None or place.release is None or len(self._keeping) >= KEPT_AT_ONCE:
            return
        keeping = asyncio.create_task(self._keep(scope, place.key, place.release, hits))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    async def stop(self) -> None:
        """Wait until everything that is being kept is."""
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _keep(self, scope: Scope, key: str, release: int, hits: Sequence[Hit]) -> None:
        rows = [hit.as_row() for hit in hits]
        try:
            await self._retrievals.put(scope, key, release, [hit.chunk_id for hit in hits], rows)
        except ServingError as error:
            log.warning("result_not_kept", reason=str(error))


def _hit(row: dict[str, Any]) -> Hit:
    return Hit.from_row(**{**row, **{name: UUID(row[name]) for name in _IDS}})
