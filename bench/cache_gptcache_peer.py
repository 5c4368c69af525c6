"""Runs in the peers' environment: what GPTCache would answer, with the vectors it is given."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from gptcache.manager import CacheBase, VectorBase, get_data_manager
from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation

BATCH = 1000


def main(folder: Path) -> None:
    """Read questions.json and vectors.npz; write the score of each question's nearest entry and which entry it is."""
    questions = json.loads((folder / "questions.json").read_text("utf-8"))
    kept = np.load(folder / "vectors.npz")
    vectors = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
    evaluation = SearchDistanceEvaluation()
    if questions["cached"]:
        found = _searched(questions, vectors, evaluation)
    else:  # each question has a cache of one entry: what its search would return is the distance to that
        found = []
        for text, entry in questions["asked"]:
            distance = float(np.sum((vectors[text] - vectors[entry]) ** 2))
            found.append([evaluation.evaluation({"question": text}, {"search_result": (distance, 0)}), entry])
    (folder / "found.json").write_text(json.dumps(found, ensure_ascii=False), "utf-8")


def _searched(questions: Any, vectors: Any, evaluation: SearchDistanceEvaluation) -> list[list[Any]]:
    place = tempfile.mkdtemp(prefix="gptcache-")
    store = get_data_manager(
        CacheBase("sqlite", sql_url=f"sqlite:///{place}/cache.db"),
        VectorBase("faiss", dimension=384, index_path=f"{place}/faiss.index"),
    )
    cached = questions["cached"]
    for start in range(0, len(cached), BATCH):
        batch = cached[start : start + BATCH]
        store.import_data(batch, batch, [vectors[text] for text in batch], [None] * len(batch))
    found = []
    for text, _ in questions["asked"]:
        # The nearest but the question itself, which the benchmark asks again.
        for result in store.search(vectors[text], top_k=3):
            entry = store.get_scalar_data(result, extra_param=None)
            if entry is not None and entry.answers[0].answer != text:
                score = evaluation.evaluation({"question": text}, {"search_result": result})
                found.append([float(score), entry.answers[0].answer])
                break
        else:
            found.append([0.0, ""])
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
