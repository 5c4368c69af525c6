"""The ways to decide a hit that are compared: a plain cosine, and the first two yeses of the answer cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bench.cache_sets import Entry, QuestionSet
from bench.cache_vectors import Vectors
from serving.caching.calibration import Scored
from serving.caching.canonical import canonical
from serving.caching.guard import compare
from serving.caching.similarity import NEIGHBOURS, Neighbour, Vector, packaged_mean, question_vector, scores

SAME = 10.0
"""Score of the same canonical form: above every threshold."""
Compared = Callable[[str], Vector]


def plain_vectors(vectors: Vectors) -> Compared:
    """Return how a plain cache compares questions: by their vectors as they are."""
    return vectors.__getitem__


def our_vectors(vectors: Vectors) -> Compared:
    """Return how the answer cache compares them: both forms, centred."""
    mean = packaged_mean(vectors.embedder.name, vectors.embedder.revision)
    assert mean is not None, "the benchmark measures the packaged model"
    return lambda text: question_vector(vectors[text], vectors[canonical(text)], mean)


def decisions(questions: QuestionSet, compared: Compared, ours: bool) -> list[tuple[str, Scored]]:
    """Return, for each question, the score of the entry a cache would answer with, and whether that is right."""
    cached = list(questions.cached or ())
    matrix = np.vstack([compared(entry.text) for entry in cached]) if cached else None
    found = []
    for question, own in questions.asked:
        vector = compared(question.text)
        near = _nearest(question.text, vector, cached, matrix) if matrix is not None else [
            (float(vector @ compared(entry.text)), entry) for entry in own
        ]  # fmt: skip
        score, entry = _ours(question.text, near) if ours else near[0]
        found.append((question.text, Scored(score, entry.meaning == question.meaning)))
    return found


def _nearest(text: str, vector: Vector, cached: Sequence[Entry], matrix: Vector) -> list[tuple[float, Entry]]:
    """Return the nearest entries, but never the question itself."""
    similar = matrix @ vector
    top = np.argpartition(-similar, 2 * NEIGHBOURS)[: 2 * NEIGHBOURS]
    near = [(float(similar[place]), cached[place]) for place in top[np.argsort(-similar[top])]]
    return [(score, entry) for score, entry in near if entry.text != text][:NEIGHBOURS]


def _ours(text: str, near: Sequence[tuple[float, Entry]]) -> tuple[float, Entry]:
    """Return the best entry the guard lets through, as `serving.caching.deciding` does; below all when it lets none."""
    ranked = scores([Neighbour(similarity, entry.meaning) for similarity, entry in near])
    form = canonical(text)
    likely = [
        (SAME if canonical(entry.text) == form else score, entry)
        for score, (_, entry) in zip(ranked, near, strict=True)
    ]
    likely.sort(key=lambda pair: -pair[0])
    for score, entry in likely[:3]:
        if compare(text, entry.text).agrees:
            return score, entry
    return -SAME, likely[0][1]
