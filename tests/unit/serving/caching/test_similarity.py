"""A question that lies between two answers is ambiguous, however close it is to one of them."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.embedding.packaged_model import NAME, REVISION
from serving.caching.evidence import cited_numbers, cited_parts, renumbered
from serving.caching.similarity import Neighbour, packaged_mean, question_vector, scores


def test_scores_lower_what_has_a_rival() -> None:
    alone = scores([Neighbour(0.8, "a"), Neighbour(0.75, "a"), Neighbour(0.3, "b")])
    torn = scores([Neighbour(0.8, "a"), Neighbour(0.78, "b"), Neighbour(0.77, "b")])
    assert alone[0] > 1.0 > torn[0]
    assert max(range(3), key=alone.__getitem__) == 0


def test_scores_of_a_nearly_empty_cache_prove_little() -> None:
    assert scores([]) == []
    assert scores([Neighbour(0.6, "a")]) == [pytest.approx(0.95)]


def test_question_vector_is_a_unit_away_from_the_mean() -> None:
    mean = np.full(4, 0.5, np.float32)
    vector = question_vector(np.array([1, 0, 0, 0], np.float32), np.array([0, 1, 0, 0], np.float32), mean)
    assert np.linalg.norm(vector) == pytest.approx(1)


def test_a_mean_ships_for_the_packaged_model_only() -> None:
    mean = packaged_mean(NAME, REVISION)
    assert mean is not None and mean.shape == (384,)
    assert packaged_mean(NAME, "another") is None


def test_citations_are_read_and_renumbered() -> None:
    text = "It is red. It is big. [2] It is old. [3][2]"
    assert cited_parts(text) == [("It is red.", [2]), ("It is big.", [2]), ("It is old.", [3, 2])]
    assert cited_numbers(text + " [9]", 5) == [2, 3]
    assert renumbered(text, {2: 1, 3: 2}) == "It is red. It is big. [1] It is old. [2][1]"
    assert renumbered("No such source. [7]", {2: 1}) == "No such source. "
