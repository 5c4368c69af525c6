"""How well the statement ranks: nDCG@10 and recall@100 of each arm and of both, on questions with known answers."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector

from bench.search_sets import QuestionSet
from corpus import analysis
from serving.filters import EVERYTHING, Filters
from sql import queries

WEIGHTS = (0.35, 0.5, 0.65, 0.8)


@dataclass(frozen=True)
class Quality:
    """Means over questions, and the median and 95th percentile of a search in milliseconds."""

    ndcg: float
    recall: float
    median: float
    slow: float


def ndcg(found: Sequence[Hashable], relevant: frozenset[Any], top_k: int = 10) -> float:
    """Return nDCG@top_k with binary relevance (Järvelin and Kekäläinen, TOIS 2002)."""
    gain = sum(1 / math.log2(rank + 1) for rank, chunk in enumerate(found[:top_k], 1) if chunk in relevant)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(top_k, len(relevant)) + 1))


def recall(found: Sequence[UUID], relevant: frozenset[UUID], top_k: int = 100) -> float:
    """Return the share of the relevant passages among the first top_k."""
    return len(relevant & set(found[:top_k])) / len(relevant)


class Searcher:
    """Asks the statement itself, as the API does, without the API."""

    def __init__(self, connection: psycopg.Connection[Any], tenant: str) -> None:
        self._connection, self._tenant = connection, tenant

    def search(
        self, lexemes: Sequence[str], vector: NDArray[np.float32] | None, *, top_k: int = 100,
        text_weight: float = 0.5, fusion: str = "scores", filters: Filters = EVERYTHING,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Return the rows of one search."""
        given = {
            **filters.parameters(), "lexemes": list(lexemes), "top_k": top_k, "model_id": None, "fusion": fusion,
            "vector": HalfVector(vector).to_text() if vector is not None else None,
            "text_weight": text_weight, "neighbours": 0,
        }  # fmt: skip
        with self._connection.transaction(), self._connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            cursor.execute(queries("access")["set_scope"], {"tenant_id": self._tenant, "access_groups": "everyone"})
            return cursor.execute(queries("search")["search"], given).fetchall()


def measure(
    searcher: Searcher, found_in: QuestionSet, ids: Mapping[str, UUID], vectors: NDArray[np.float32],
    questions: Sequence[str], *, arms: str = "hybrid", **how: Any,
) -> Quality:  # fmt: skip
    """Return the quality of one way to search over some questions of a set."""
    place = {key: number for number, key in enumerate(found_in.questions)}
    figures, taken = [], []
    for key in questions:
        relevant = frozenset(ids[passage] for passage in found_in.relevant[key])
        words = analysis.lexemes(found_in.questions[key]) if arms != "vector" else []
        vector = vectors[place[key]] if arms != "text" else None
        started = time.perf_counter()
        found = [row["chunk_id"] for row in searcher.search(words, vector, **how)]
        taken.append(1000 * (time.perf_counter() - started))
        figures.append((ndcg(found, relevant), recall(found, relevant)))
    means = np.mean(figures, axis=0)
    median, slow = np.percentile(taken, [50, 95])
    return Quality(round(float(means[0]), 4), round(float(means[1]), 4), float(median), float(slow))


def best_weight(*given: Any, **named: Any) -> float:
    """Return the weight of the text arm with the best nDCG@10; the arguments are those of `measure`."""
    return max(WEIGHTS, key=lambda weight: measure(*given, text_weight=weight, **named).ndcg)
