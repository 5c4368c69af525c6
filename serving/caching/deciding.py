"""Three yeses: is the question close enough, does nothing contradict it, and is the evidence the same now?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.caching import similarity
from serving.caching.asking import Asked
from serving.caching.decisions import EMPTY, CachedAnswer, Decision
from serving.caching.evidence import Evidence, renumbered, tells_apart
from serving.caching.guard import compare
from serving.hits import Hit

DEFAULT_DOMAIN = "default"
TRIED = 3
"""Cached questions whose evidence is looked at; the others are no more likely."""


async def decide(
    asked: Asked, rows: Sequence[dict[str, Any]], threshold: float, hits: Sequence[Hit], evidence: Evidence
) -> Decision:
    """Return the first of the nearest answers that has three yeses, or what the likeliest one lacks.

    Args:
        rows: Cached answers near the question, in any order.
        hits: What the retriever returns for this question, in this scope, now.
    """
    scored = similarity.scores([similarity.Neighbour(row["similarity"], row["best_sentence"]) for row in rows])
    likely = [(row["canonical"] == asked.canonical, row["verified"], score, row)
              for score, row in zip(scored, rows, strict=True)]  # fmt: skip
    likely.sort(key=lambda entry: entry[:3], reverse=True)
    refused: Decision | None = None
    best: str | None = None
    for same, _, score, row in likely[:TRIED]:
        near = 1.0 if same else row["similarity"]
        reason = _contradiction(asked, row, hits) if same or score >= threshold else "not similar enough"
        if not reason:
            best = best or await evidence.best(asked.embedder, asked.canonical, asked.form_vector, hits)
            reason = None if best in row["sentences"] else "evidence: another sentence answers better"
        if not reason:
            why = f"{'same' if same else 'similar'} question, same evidence"
            return Decision("hit", why, near, score, _as_answer(row, hits))
        refused = refused or Decision("miss", reason, near, score)
    return refused or EMPTY


def threshold_of(calibrated: Sequence[dict[str, Any]], source: str) -> float:
    """Return the source's own threshold, else the tenant's, else the one that ships."""
    known = {row["domain"]: float(row["threshold"]) for row in calibrated}
    return known.get(source, known.get(DEFAULT_DOMAIN, similarity.DEFAULT_THRESHOLD))


def _contradiction(asked: Asked, row: dict[str, Any], hits: Sequence[Hit]) -> str | None:
    verdict = compare(asked.question, row["question"])
    if not verdict.agrees:
        return f"guard: {verdict.reason}"
    if not set(row["citations"]) <= {hit.chunk_id for hit in hits}:
        return "evidence: not found now"
    if tells_apart(asked.question, row["question"], hits):
        return "evidence: one word for another"
    return None


def _as_answer(row: dict[str, Any], hits: Sequence[Hit]) -> CachedAnswer:
    """Return a stored answer citing the hits of the question at hand."""
    places = {hit.chunk_id: number for number, hit in enumerate(hits, 1)}
    numbers = {number: places[chunk_id] for number, chunk_id in enumerate(row["citations"], 1)}
    return CachedAnswer(
        row["id"], renumbered(row["text"], numbers), tuple(row["citations"]), row["generator"], row["model"],
        row["stored_at"], row["verified"],
    )  # fmt: skip
