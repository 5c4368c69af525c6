"""Find the threshold at which the precision of hits is proved, from labelled questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from serving.errors import ServingError

CONFIDENCE = 0.95
STARTS = 4
"""Walks over thresholds, each with its share of the error."""
STEPS = 200
"""Thresholds tried, at equal numbers of hits."""


class NothingProved(ServingError):
    """No threshold reaches the precision that was asked for; the message says what would help."""

    status = 422
    slug = "precision-not-proved"
    title = "The precision cannot be proved"


@dataclass(frozen=True)
class Scored:
    """A decision the cache would have taken: its score, and whether the hit would have been right."""

    score: float
    is_right: bool


@dataclass(frozen=True)
class Calibration:
    """A threshold and what it was proved to do.

    Attributes:
        precision: Right hits among hits.
        lower_bound: One-sided Clopper-Pearson bound of that at `CONFIDENCE`.
    """

    threshold: float
    target: float
    precision: float
    lower_bound: float
    hit_count: int
    pair_count: int


def lower_bound(right: int, total: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper-Pearson lower bound of a share (Clopper and Pearson, Biometrika 1934).

    It is the share p at which `right` or more of `total` would be seen with probability 1 − confidence; found by
    halving, as that probability grows with p.
    """
    if right == 0:
        return 0.0
    wrong = np.arange(0, total - right + 1)
    log_choose = math.lgamma(total + 1) - np.array([math.lgamma(k + 1) + math.lgamma(total - k + 1) for k in wrong])
    low, high = 0.0, right / total
    for _ in range(60):
        middle = (low + high) / 2
        chance = float(np.exp(log_choose + (total - wrong) * math.log(middle) + wrong * math.log1p(-middle)).sum())
        low, high = (low, middle) if chance > 1 - confidence else (middle, high)
    return low


def calibrate(decisions: Sequence[Scored], target: float) -> Calibration:
    """Return the lowest threshold whose precision is proved to be at least `target`.

    Fixed sequence testing with several starts (Angelopoulos et al., "Learn then Test", 2021): from each start,
    thresholds are tested from strict to loose, until the first that fails. The starts share the 5 % of error among
    them, so the proof holds although many thresholds were looked at; and one wrong label among the closest pairs
    ends only the walk that began before it.

    Raises:
        NothingProved: No start passes its first test.
    """
    ordered = sorted(decisions, key=lambda decision: -decision.score)
    rights = list(accumulate(decision.is_right for decision in ordered))
    fewest = math.ceil(math.log((1 - CONFIDENCE) / STARTS) / math.log(target))
    ends = _tested(ordered, fewest)
    proved = 0
    for start in range(STARTS):
        for end in ends[start * len(ends) // STARTS :]:
            if lower_bound(rights[end - 1], end, 1 - (1 - CONFIDENCE) / STARTS) < target:
                break
            proved = max(proved, end)
    if not proved:
        raise NothingProved(
            f"A precision of {target:g} is not proved at any threshold by these {len(ordered)} labelled pairs. "
            f"At least {fewest} right hits without an error are needed: give more pairs, or ask for less."
        )
    right = rights[proved - 1]
    bound = lower_bound(right, proved)
    return Calibration(ordered[proved - 1].score, target, right / proved, bound, proved, len(ordered))


def _tested(ordered: Sequence[Scored], fewest: int) -> list[int]:
    """Return the numbers of hits to test, growing; a threshold takes all decisions of equal score or none."""
    ends = [end for end in range(fewest, len(ordered)) if ordered[end].score < ordered[end - 1].score]
    ends += [len(ordered)] if len(ordered) >= fewest else []
    return ends[:: max(1, len(ends) // STEPS)]
