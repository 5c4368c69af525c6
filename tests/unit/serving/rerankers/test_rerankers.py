"""The reranker orders what it understands, and leaves alone what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from serving.hits import Hit, Query
from serving.rerankers import RerankerUnavailable, load_reranker, passage, rerank
from serving.settings import ServingSettings

NOBODY = UUID(int=0)
HIT = Hit(1, NOBODY, "u1", "T", "s", "en", 1, NOBODY, NOBODY, 0, None, [], "text", "short", 0.9, 1, 1, 0.9)
HITS = [HIT, replace(HIT, rank=2, text="a longer passage"), replace(HIT, rank=3, text="longest passage of all")]


@dataclass
class ByLength:
    """Prefers long passages."""

    languages: frozenset[str] | None = None

    def score(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        return [float(len(passage)) for passage in passages]


def _texts(reranker: ByLength, query: Query, hits: Sequence[Hit] = HITS) -> list[str]:
    return [hit.text for hit in asyncio.run(rerank(reranker, query, hits))]


def test_hits_are_ordered_by_the_rerankers_score() -> None:
    assert _texts(ByLength(), Query("q")) == [hit.text for hit in reversed(HITS)]


@pytest.mark.parametrize(
    ("question", "hits"),
    [("ko", HITS), ("en", [*HITS, replace(HIT, rank=4, language="ko")])],
    ids=["question", "passage"],
)
def test_a_language_it_was_not_taught_keeps_the_order(question: str, hits: list[Hit]) -> None:
    english = ByLength(frozenset({"en"}))
    assert _texts(english, Query("q", language=question), hits) == [hit.text for hit in hits]
    assert _texts(english, Query("q", language="en")) == [hit.text for hit in reversed(HITS)]


def test_equal_scores_keep_the_order() -> None:
    hits = [replace(HIT, rank=rank, uri=f"u{rank}") for rank in (1, 2, 3)]
    assert [hit.rank for hit in asyncio.run(rerank(ByLength(), Query("q"), hits))] == [1, 2, 3]


def test_headings_are_part_of_what_is_judged() -> None:
    assert passage(replace(HIT, heading_path=["A", "B"])) == "A > B\nshort"


def test_without_a_model_there_is_no_reranker() -> None:
    assert load_reranker(ServingSettings(_env_file=None)) is None
    assert load_reranker(ServingSettings(_env_file=None, reranker="none", reranker_model="x")) is None


def test_asking_for_one_without_a_model_says_what_to_set() -> None:
    with pytest.raises(RerankerUnavailable, match="REGESTA_RERANKER_MODEL"):
        load_reranker(ServingSettings(_env_file=None, reranker="cross_encoder"))
