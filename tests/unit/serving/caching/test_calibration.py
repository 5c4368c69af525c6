"""A threshold is only as good as its proof."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.caching.calibration import NothingProved, Scored, calibrate, lower_bound


def test_lower_bound_is_clopper_pearson() -> None:
    assert lower_bound(99, 99) == pytest.approx(0.05 ** (1 / 99), abs=1e-9)
    assert lower_bound(0, 10) == 0.0
    assert lower_bound(9, 10) == pytest.approx(0.6058, abs=1e-3)  # one-sided 95 %
    assert lower_bound(970, 1000) == pytest.approx(0.9595, abs=1e-3)


@given(st.integers(1, 400), st.data())
def test_lower_bound_lies_below_the_share_and_grows_with_it(total: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, total))
    assert 0 <= lower_bound(right, total) <= right / total
    if right < total:
        assert lower_bound(right, total) <= lower_bound(right + 1, total)


def test_calibrate_finds_where_errors_begin() -> None:
    decisions = [Scored(1 - i / 1000, i < 500 or i % 2 == 0) for i in range(1000)]
    found = calibrate(decisions, 0.97)
    assert 0.46 <= found.threshold <= 0.51
    assert found.lower_bound >= 0.97
    assert found.hit_count == sum(decision.score >= found.threshold for decision in decisions)


def test_calibrate_takes_equal_scores_together() -> None:
    decisions = [Scored(0.9, True)] * 150 + [Scored(0.8, i % 2 == 0) for i in range(300)]
    assert calibrate(decisions, 0.97).threshold == 0.9


def test_calibrate_promises_nothing_it_cannot_prove() -> None:
    with pytest.raises(NothingProved, match="144 right hits"):
        calibrate([Scored(0.9, True)] * 50, 0.97)
    with pytest.raises(NothingProved):
        calibrate([], 0.97)
    with pytest.raises(NothingProved):
        calibrate([Scored(i / 500, i % 2 == 0) for i in range(500)], 0.97)


def test_calibrate_keeps_its_word_on_questions_it_has_not_seen() -> None:
    """Of many calibrations, at most one in twenty may have less than the precision it promised."""
    source = random.Random(0)

    def drawn(count: int) -> list[Scored]:
        scores = [source.random() for _ in range(count)]
        return [Scored(score, source.random() < 0.9 + 0.1 * score) for score in scores]

    broken = 0
    for _ in range(100):
        try:
            found = calibrate(drawn(1500), 0.97)
        except NothingProved:
            continue  # no promise, none broken
        # The true precision above a threshold t is the mean of 0.9 + 0.1 s over (t, 1).
        broken += 0.9 + 0.05 * (1 + found.threshold) < 0.97
    assert broken <= 5
