"""Figures of retrieval: where the documents looked for came, and how far two models agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

OVERLAP_DEPTH = 10
Ranking = Sequence[tuple[UUID, UUID]]
"""Passages and their documents, nearest first."""


@dataclass(frozen=True)
class Quality:
    """How well one model did on some questions; all figures are between 0 and 1, by document."""

    questions: int
    hit_at_1: float
    hit_at_5: float
    mrr: float


def by_language(ranks: Sequence[int | None], languages: Sequence[str]) -> dict[str, Quality]:
    """Return the quality over all questions, and over those of each language."""
    groups = {"all": list(ranks)}
    for rank, language in zip(ranks, languages, strict=True):
        groups.setdefault(language, []).append(rank)
    return {name: quality(found) for name, found in groups.items()}


def quality(ranks: Sequence[int | None]) -> Quality:
    """Return hit rates and mean reciprocal rank of the documents looked for; None is one that was not found."""
    count = len(ranks)
    found = [rank for rank in ranks if rank]
    at_1, at_5 = (sum(rank <= depth for rank in found) / count for depth in (1, 5))
    return Quality(count, at_1, at_5, sum(1 / rank for rank in found) / count)


def first_rank(ranking: Ranking, wanted: Iterable[UUID]) -> int | None:
    """Return the place, from 1, of the first wanted document, each document counting once; None without one."""
    looked_for = set(wanted)
    for place, document in enumerate(dict.fromkeys(document for _, document in ranking), 1):
        if document in looked_for:
            return place
    return None


def overlap(rankings: Sequence[Sequence[Ranking]], depth: int = OVERLAP_DEPTH) -> float | None:
    """Return the mean share of passages among the first `depth` that two models have in common."""
    if len(rankings) != 2:
        return None
    shares = []
    for one, other in zip(*rankings, strict=True):
        first, second = ({passage for passage, _ in ranking[:depth]} for ranking in (one, other))
        shares.append(len(first & second) / max(len(first), len(second), 1))
    return sum(shares) / len(shares)
