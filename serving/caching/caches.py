"""All three caches, made once per worker from its settings."""

from __future__ import annotations

from dataclasses import dataclass

from serving.access import Pool
from serving.caching.answers import AnswerCache
from serving.caching.embeddings import EmbeddingCache
from serving.caching.retrievals import RetrievalCache
from serving.caching.room import Room
from serving.models import ServingModel
from serving.settings import ServingSettings


@dataclass(frozen=True)
class Caches:
    """What the engine asks before it works."""

    embeddings: EmbeddingCache
    retrievals: RetrievalCache
    answers: AnswerCache


def make_caches(pool: Pool, embedding: ServingModel, settings: ServingSettings, generator: str) -> Caches:
    """Return the caches of one worker, where `generator` writes; they hold no connection."""
    room = Room(settings.cached_answers, settings.cached_retrievals, settings.cached_embeddings)
    return Caches(
        EmbeddingCache(pool, room, settings.embedding_ttl),
        RetrievalCache(pool, room, settings.retrieval_ttl),
        AnswerCache(pool, embedding, room, settings.answer_ttl, settings.answer_cache, generator),
    )
