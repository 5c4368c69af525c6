"""Search results as the retriever keeps them: hits in, hits out, never of another release of the corpus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from serving.access import Scope
from serving.caching.retrievals import RetrievalCache
from serving.errors import ServingError
from serving.hits import Hit

log = structlog.get_logger(__name__)
KEPT_AT_ONCE = 8


class ResultCache:
    """The cache of search results in the retriever's terms."""

    def __init__(self, retrievals: RetrievalCache) -> None:
        self._retrievals = retrievals
        self._keeping: set[asyncio.Task[None]] = set()

    async def look(self, scope: Scope, key: str) -> tuple[int, Sequence[Hit] | None]:
        """Return the release that is served, and what is kept under a key for it."""
        found = await self._retrievals.get(scope, key)
        return found.release, None if found.hits is None else [Hit.from_kept(row) for row in found.hits]

    def keep(self, scope: Scope, key: str, release: int, hits: Sequence[Hit]) -> None:
        """Keep a result, beside the request; when many wait to be kept already, questions come first.

        Args:
            release: The release of the corpus that was served before it was searched for.
        """
        if len(self._keeping) >= KEPT_AT_ONCE:
            return
        keeping = asyncio.create_task(self._keep(scope, key, release, hits))
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
