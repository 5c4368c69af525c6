"""Questions as vectors: from memory, from the cache, or from the model, which is given all that wait at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from corpus.embedding import Embedder
from serving.access import Scope
from serving.caching.embeddings import EmbeddingCache, text_hash
from serving.caching.memory import Memory
from serving.errors import ServingError
from serving.models import ServingModel

BATCH_LIMIT = 32
KNOWN = 2_000
"""Questions whose vectors a worker remembers: 3 MB at 384 dimensions."""
KEPT_AT_ONCE = 8
log = structlog.get_logger(__name__)
Vector = NDArray[Any]


@dataclass(frozen=True)
class _Waiting:
    text: str
    embedder: Embedder
    vector: asyncio.Future[Vector]


class QuestionEmbedder:
    """Embeds the questions of one worker, one batch at a time beside the event loop.

    While the model works on one batch, the next gathers; nobody waits for a batch to fill. A vector does not depend
    on what else was in its batch (docs/decisions/0008).
    """

    def __init__(self, model: ServingModel, cache: EmbeddingCache) -> None:
        self._model = model
        self._cache = cache
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._keeping: set[asyncio.Task[None]] = set()
        self._known: Memory[Vector] = Memory(KNOWN)

    def start(self) -> None:
        """Begin to work."""
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Stop working; what waits is cancelled."""
        if self._worker is not None:
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker
        while not self._waiting.empty():
            self._waiting.get_nowait().vector.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def embed(self, scope: Scope, text: str) -> tuple[int, Vector]:
        """Return the vector of a question, and the id of the model that made it.

        Raises:
            DatabaseBusy, ModelUnavailable: As the cache and the model say.
        """
        model_id, embedder = await self._model.current()
        key = scope.tenant_id, model_id, text_hash(text)
        known = self._known.get(key)
        if known is None:
            known = await self._cache.get(scope, text, model_id)
        if known is not None:
            self._known.put(key, known)
            return model_id, known
        future: asyncio.Future[Vector] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Waiting(text, embedder, future))
        vector = await future
        self._known.put(key, vector)
        if len(self._keeping) >= KEPT_AT_ONCE:  # questions come first
            return model_id, vector
        keeping = asyncio.create_task(self._keep(scope, text, model_id, vector))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)
        return model_id, vector

    async def _keep(self, scope: Scope, text: str, model_id: int, vector: Vector) -> None:
        try:
            await self._cache.put(scope, text, model_id, np.asarray(vector))
        except ServingError as error:
            log.warning("vector_not_kept", reason=str(error))

    async def _work(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty() and len(batch) < BATCH_LIMIT:
                batch.append(self._waiting.get_nowait())
            groups: dict[int, list[_Waiting]] = defaultdict(list)
            for waiting in batch:
                if not waiting.vector.cancelled():
                    groups[id(waiting.embedder)].append(waiting)
            for group in groups.values():
                await self._embed(group)

    async def _embed(self, group: list[_Waiting]) -> None:
        texts = [waiting.text for waiting in group]
        try:
            rows = await asyncio.to_thread(group[0].embedder.embed, texts, "query")
        except asyncio.CancelledError:
            for waiting in group:
                waiting.vector.cancel()
            raise
        except Exception as error:
            for waiting in group:
                if not waiting.vector.done():
                    waiting.vector.set_exception(error)
            return
        for waiting, row in zip(group, rows, strict=True):
            if not waiting.vector.done():
                waiting.vector.set_result(np.asarray(row))
