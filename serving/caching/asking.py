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
from serving.caching.memory import Memory
from serving.caching.retrievals import filter_key
from serving.filters import Filters
from serving.hits import Hit, Query, vector_literal
from serving.models import ServingModel

FORMS = 2_000
"""Canonical forms whose vectors a worker remembers: 3 MB at 384 dimensions."""


@dataclass(frozen=True)
class Asked:
    """A question as the cache compares it.

    Attributes:
        question: As typed.
        plain: Vector of its canonical form.
        vector: Of both forms, centred and normalised.
    """

    question: str
    canonical: str
    language: str
    model_id: int
    embedder: Embedder
    plain: similarity.Vector
    vector: similarity.Vector
    filter_key: str

    def parameters(self) -> dict[str, Any]:
        """Return it as the statements take it."""
        return {
            "question": self.question,
            "canonical": self.canonical,
            "language": self.language,
            "model_id": self.model_id,
            "vector": vector_literal(self.vector),
            "filter_key": self.filter_key,
        }


class Asker:
    """Prepares questions: both forms embedded, centred on the model's mean."""

    def __init__(self, pool: Pool, embedding: ServingModel) -> None:
        self._pool = pool
        self._embedding = embedding
        self._means = Means()
        self._forms: Memory[similarity.Vector] = Memory(FORMS)

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
        plain = await self._embedded(form, model_id, embedder)
        typed = np.array(HalfVector.from_text(query.vector).to_list(), np.float32)
        vector = similarity.question_vector(typed, plain, mean)
        return Asked(
            question, form, analysis.language(question), model_id, embedder, plain, vector, filter_key(filters)
        )

    async def _embedded(self, form: str, model_id: int, embedder: Embedder) -> similarity.Vector:
        """Return the vector of a canonical form: of one that is asked often, from memory."""
        vector = self._forms.get((model_id, form))
        if vector is None:
            vector = (await asyncio.to_thread(embedder.embed, [form], "query"))[0]
            self._forms.put((model_id, form), vector)
        return vector
