"""From a question to its passages: prepared, found in the cache or searched for, then looked at again by a reranker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from corpus import analysis
from serving.access import Pool, Scope
from serving.caching.results import ResultCache
from serving.caching.retrievals import retrieval_key
from serving.filters import EVERYTHING, Filters
from serving.hits import Candidate, Hit, Neighbour, Query, Retrieved, vector_literal
from serving.models import ServingModel
from serving.replica import Replica
from serving.rerankers import Reranker, rerank
from serving.searching import Found, ModelSwitched, search
from serving.settings import ServingSettings

__all__ = ["Candidate", "Hit", "Mode", "Neighbour", "Query", "Retrieved", "Retriever", "search"]
Mode = Literal["hybrid", "text", "vector"]
Embed = Callable[[Scope, str], Awaitable[tuple[int, NDArray[Any]]]]
"""A question's vector with the id of the model that made it; the scope is for a cache that must not mix tenants."""
ATTEMPTS = 3
LONG = 1_000
"""Characters whose words are not found between two other things."""


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
        key = None
        if self._cache is not None:
            key = retrieval_key(scope, query.text, query.model_id, mode, depth, filters, neighbours=neighbours)
        found = await self._find(scope, query, depth, filters, neighbours, key)
        if self._cache is not None and key is not None and found.release is not None and not found.is_kept:
            self._cache.keep(scope, key, found.release, found.hits)
        timings["search"] = time.perf_counter() - started
        hits = found.hits
        if self._reranker is not None:
            hits = await rerank(self._reranker, query, hits)
            timings["rerank"] = time.perf_counter() - started - timings["search"]
        hits = [replace(hit, rank=rank) for rank, hit in enumerate(hits[:top_k], 1)]
        return Retrieved(query, hits, timings, [Candidate.of(hit) for hit in found.hits])

    async def _find(
        self, scope: Scope, query: Query, depth: int, filters: Filters, neighbours: int, key: str | None
    ) -> Found:
        """Return what is kept under a key, or search; a replica, which cannot note that, searches after the look."""

        async def on(pool: Pool, at_least: int | None = None, key: str | None = None) -> Found:
            return await search(pool, scope, query, depth, filters, self._settings, neighbours, at_least, key)

        if self._replica is None:
            return await on(self._pool, key=key)
        release, kept = await self._cache.look(scope, key) if self._cache and key else (None, None)
        if kept is not None:
            return Found(kept, release, is_kept=True)
        found = await self._replica.search(release, on)
        return replace(await on(self._pool) if found is None else found, release=release)

    async def _analyse(self, scope: Scope, text: str, mode: Mode) -> Query:
        """Prepare a question for the arms of `mode`; words and model run beside the event loop."""
        language = analysis.language(text)
        if mode == "vector":
            model_id, vector = await self._embed(scope, text)
            return Query(text, [], vector_literal(vector), model_id, language)
        if mode == "text":
            return Query(text, await _lexemes(text), language=language)
        words, (model_id, vector) = await asyncio.gather(_lexemes(text), self._embed(scope, text))
        return Query(text, words, vector_literal(vector), model_id, language)

    async def _embed_now(self, _scope: Scope, text: str) -> tuple[int, NDArray[Any]]:
        model_id, embedder = await self._embedding.current()
        rows = await asyncio.to_thread(embedder.embed, [text], "query")
        return model_id, np.asarray(rows[0])


async def _lexemes(text: str) -> list[str]:
    """Return the words of a question: Korean ones beside the event loop; others take less than going there."""
    if len(text) > LONG or analysis.has_korean(text):
        return await asyncio.to_thread(analysis.lexemes, text)
    return analysis.lexemes(text)
