"""From a question to its passages: prepared, found in the cache or searched for, then looked at again by a reranker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from corpus import analysis
from serving.access import Pool, Scope
from serving.caching.results import Place, ResultCache
from serving.filters import EVERYTHING, Filters
from serving.hits import Candidate, Hit, Neighbour, Query, Retrieved
from serving.models import ServingModel
from serving.replica import Replica
from serving.rerankers import Reranker, rerank
from serving.searching import ModelSwitched, search
from serving.settings import ServingSettings

__all__ = ["Candidate", "Hit", "Mode", "Neighbour", "Query", "Retrieved", "Retriever", "search"]
Mode = Literal["hybrid", "text", "vector"]
Embed = Callable[[Scope, str], Awaitable[tuple[int, NDArray[Any]]]]
"""A question's vector with the id of the model that made it; the scope is for a cache that must not mix tenants."""
ATTEMPTS = 3


class Retriever:
    """Finds the passages for a question. Made once per worker."""

    def __init__(
        self,
        pool: Pool,
        embedding: ServingModel,
        settings: ServingSettings,
        reranker: Reranker | None = None,
        embed: Embed | None = None,
        cache: ResultCache | None = None,
        replica: Replica | None = None,
    ) -> None:
        """Args: `embed` and `cache` may stand before the model and the statement; None leaves them out.

        A `replica` searches instead of `pool` while it proves to be as new as the release that `cache` has read.
        """
        self._pool, self._embedding, self._settings = pool, embedding, settings
        self._reranker, self._cache, self._replica = reranker, cache, replica
        self._embed = embed or self._embed_now

    async def retrieve(
        self, scope: Scope, text: str, mode: Mode, top_k: int, filters: Filters = EVERYTHING, neighbours: int = 0
    ) -> Retrieved:
        """Return the best passages for a question, and the seconds each part took.

        A question that was embedded just before another model took over is embedded again with that one.

        Args:
            scope: Whose rights hold.
            text: The question.
            mode: Which arms search.
            top_k: How many passages are wanted.
            filters: What the search is narrowed to.
            neighbours: How many passages before and after each come with it.

        Raises:
            ModelUnavailable: The embedding model cannot be used, or was switched again and again.
            DatabaseBusy: The database did not answer.
        """
        for attempt in range(1, ATTEMPTS + 1):
            started = time.perf_counter()
            query = await self._analyse(scope, text, mode)
            timings = {"analyse": time.perf_counter() - started}
            try:
                return await self._retrieve(scope, query, mode, top_k, filters, neighbours, timings)
            except ModelSwitched:
                if attempt == ATTEMPTS:
                    raise
                await self._embedding.refresh()
        raise AssertionError("the last attempt returns or raises")

    async def _retrieve(
        self, scope: Scope, query: Query, mode: Mode, top_k: int, filters: Filters, neighbours: int,
        timings: dict[str, float],
    ) -> Retrieved:  # fmt: skip
        """Search, or take what was found before; then let the reranker choose among more than was asked for."""
        started = time.perf_counter()
        depth = max(top_k, self._settings.rerank_depth) if self._reranker else top_k
        place = await self._cache.look(scope, query, mode, depth, filters, neighbours) if self._cache else Place(None)
        found = place.hits
        from_cache = found is not None
        if found is None:
            found = await self._search(scope, query, depth, filters, neighbours, place.release)
            if self._cache:
                self._cache.keep(scope, place, found)
        timings["search"] = time.perf_counter() - started
        hits = found
        if self._reranker is not None:
            hits = await rerank(self._reranker, query, found)
            timings["rerank"] = time.perf_counter() - started - timings["search"]
        hits = [replace(hit, rank=rank) for rank, hit in enumerate(hits[:top_k], 1)]
        return Retrieved(query, hits, timings, [Candidate.of(hit) for hit in found], from_cache)

    async def _search(
        self, scope: Scope, query: Query, depth: int, filters: Filters, neighbours: int, release: int | None
    ) -> Sequence[Hit]:
        async def on(pool: Pool, at_least: int | None = None) -> Sequence[Hit]:
            return await search(pool, scope, query, depth, filters, self._settings, neighbours, at_least)

        found = await self._replica.search(release, on) if self._replica else None
        return await on(self._pool) if found is None else found

    async def _analyse(self, scope: Scope, text: str, mode: Mode) -> Query:
        """Prepare a question for the arms of `mode`; words and model run beside the event loop."""
        language = analysis.language(text)
        if mode == "vector":
            model_id, vector = await self._embed(scope, text)
            return Query(text, [], HalfVector(vector).to_text(), model_id, language)
        lexemes = asyncio.to_thread(analysis.lexemes, text)
        if mode == "text":
            return Query(text, await lexemes, language=language)
        words, (model_id, vector) = await asyncio.gather(lexemes, self._embed(scope, text))
        return Query(text, words, HalfVector(vector).to_text(), model_id, language)

    async def _embed_now(self, _scope: Scope, text: str) -> tuple[int, NDArray[Any]]:
        model_id, embedder = await self._embedding.current()
        rows = await asyncio.to_thread(embedder.embed, [text], "query")
        return model_id, np.asarray(rows[0])
