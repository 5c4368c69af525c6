"""The mean vector of questions that similarity is measured from: shipped for the packaged model, else measured."""

from __future__ import annotations

import numpy as np

from corpus.embedding import Embedder
from serving.access import Pool, connected
from serving.caching.similarity import Vector, packaged_mean
from sql import queries


class Means:
    """Means by model, read once per worker; they never change, as stored vectors depend on them."""

    def __init__(self) -> None:
        self._known: dict[int, Vector] = {}

    async def of(self, pool: Pool, model_id: int, embedder: Embedder) -> Vector | None:
        """Return the mean of a model; None until `regesta cache calibrate` has measured it."""
        if model_id not in self._known:
            mean = packaged_mean(embedder.name, embedder.revision)
            if mean is None:
                async with connected(pool) as connection:
                    cursor = await connection.execute(queries("caches")["mean"], {"model_id": model_id})
                    row = await cursor.fetchone()
                mean = None if row is None else np.fromstring(row[0].strip("[]"), np.float32, sep=",")
            if mean is None:
                return None
            self._known[model_id] = mean
        return self._known[model_id]
