"""A question as the cache of answers compares it, or why it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pgvector import HalfVector

from corpus import analysis
from corpus.embedding import Embedder
from serving.access import Pool
from serving.caching import similarity
from serving.caching.canonical import canonical
from serving.caching.decisions import Decision
from serving.caching.exclusions import why_not_cached
from serving.caching.means import Means
from serving.caching.retrievals import filter_key
from serving.filters import Filters
from serving.hits import Hit, Query
from serving.models import ServingModel


@dataclass(frozen=True)
class Asked:
    """A question as the cache compares it.

    Attributes:
        question: As typed.
        form_vector: Of the canonical form, as the model gives it.
        vector: Of both, centred and normalised.
    """

    question: str
    canonical: str
    language: str
    model_id: int
    embedder: Embedder
    form_vector: similarity.Vector
    vector: similarity.Vector
    filter_key: str

    def parameters(self) -> dict[str, Any]:
        """Return it as the statements take it."""
        return {
            "question": self.question,
            "canonical": self.canonical,
            "language": self.language,
            "model_id": self.model_id,
            "vector": HalfVector(self.vector).to_text(),
            "filter_key": self.filter_key,
        }


class Asker:
    """Prepares questions: both forms embedded, centred on the model's mean."""

    def __init__(self, pool: Pool, embedding: ServingModel) -> None:
        self._pool = pool
        self._embedding = embedding
        self._means = Means()

    async def prepare(
        self, query: Query, hits: Sequence[Hit], question: str, filters: Filters, is_follow_up: bool
    ) -> Asked | Decision:
        """Return the question as it is compared, or the decision that it is not to be cached."""
        off = why_not_cached(question) or ("multi-turn" if is_follow_up else None)
        off = off or ("looks back" if filters.as_of is not None else None)
        off = off or ("nothing found" if not hits else None)
        if off or query.vector is None:
            return Decision("off", off or "not searched by meaning")
        model_id, embedder = await self._embedding.current()
        if model_id != query.model_id:
            return Decision("off", "the model was switched")
        mean = await self._means.of(self._pool, model_id, embedder)
        if mean is None:
            return Decision("off", "the model is not calibrated")
        form = canonical(question)
        plain = (await asyncio.to_thread(embedder.embed, [form], "query"))[0]
        typed = np.array(HalfVector.from_text(query.vector).to_list(), np.float32)
        vector = similarity.question_vector(typed, plain, mean)
        language = analysis.language(question)
        return Asked(question, form, language, model_id, embedder, plain, vector, filter_key(filters))
