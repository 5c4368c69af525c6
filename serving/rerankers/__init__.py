"""A second, slower look at the passages that were found; off unless a model is set, because not every one helps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from serving.errors import ServingError
from serving.hits import Hit, Query
from serving.settings import ServingSettings


class RerankerUnavailable(ServingError):
    """The reranker's model cannot be loaded."""

    status = 503
    slug = "reranker-unavailable"
    title = "The reranker cannot be used"


class Reranker(Protocol):
    """Judges how well passages answer a question."""

    languages: frozenset[str] | None
    """What it understands; None for any language."""

    def score(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """Return one score per passage, higher is better; runs in a thread."""


def load_reranker(settings: ServingSettings) -> Reranker | None:
    """Return the reranker the settings ask for, or None.

    Raises:
        RerankerUnavailable: Its model cannot be loaded.
    """
    if settings.reranker == "none" or (settings.reranker == "auto" and settings.reranker_model is None):
        return None
    from serving.rerankers.cross_encoder import CrossEncoderReranker
    from serving.rerankers.onnx import OnnxReranker, exported

    languages = frozenset(settings.reranker_languages) if settings.reranker_languages else None
    if settings.reranker_model and exported(settings.reranker_model):
        return OnnxReranker(settings.reranker_model, languages)
    return CrossEncoderReranker(settings.reranker_model, languages, settings.embedding_device)


async def rerank(reranker: Reranker, query: Query, hits: Sequence[Hit]) -> Sequence[Hit]:
    """Return the hits in the reranker's order, each with its score; as they are when it lacks a language of theirs.

    A model that was not taught a language orders its passages by chance, so one such passage is reason enough.
    """
    known = reranker.languages
    if len(hits) < 2 or (known is not None and not {query.language, *(hit.language for hit in hits)} <= known):
        return hits
    scores = await asyncio.to_thread(reranker.score, query.text, [passage(hit) for hit in hits])
    judged = [replace(hit, rerank_score=float(score)) for hit, score in zip(hits, scores, strict=True)]
    return sorted(judged, key=lambda hit: (-(hit.rerank_score or 0.0), hit.rank))


def passage(hit: Hit) -> str:
    """Return a passage with the headings above it, as it was embedded."""
    return "\n".join((" > ".join(hit.heading_path), hit.text)) if hit.heading_path else hit.text
