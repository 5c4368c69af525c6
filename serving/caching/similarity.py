"""The first yes: how close two questions are, measured against everything else that is cached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
NEIGHBOURS = 16
"""Cached questions looked at; farther ones say nothing about this one."""
REACH = 0.05
"""How fast a neighbour's vote fades with its distance from the nearest, in centred cosine."""
UNSEEN_RIVAL = 0.3
"""What a rival's similarity is taken for when there is none: a cache that is nearly empty proves nothing."""
DEFAULT_THRESHOLD = 1.07
"""Score from which two questions are taken for the same where nothing was calibrated; see docs/decisions/0013."""
_MEAN_FILE = Path(__file__).with_name("packaged_mean.json")


@dataclass(frozen=True)
class Neighbour:
    """A cached question near the one that is asked.

    Attributes:
        similarity: Centred cosine to the question.
        evidence: What its answer rests on; equal for answers that say the same.
    """

    similarity: float
    evidence: str


def question_vector(typed: Vector, canonical: Vector, mean: Vector) -> Vector:
    """Return the vector a question is compared by: both its forms, each centred, added and normalised.

    Models of this family put all texts into a narrow cone; taking the mean away spreads them (Mu and Viswanath, "All
    but the top", ICLR 2018). What was typed keeps what the canonical form drops.
    """
    return _unit(_unit(typed - mean) + _unit(canonical - mean))


def scores(neighbours: Sequence[Neighbour]) -> list[float]:
    """Return a score for each neighbour: similarity − ½ · nearest rival + ½ · share of the votes.

    A rival is a neighbour that rests on other evidence. A question that lies as near to a rival is ambiguous, however
    close it is; one whose neighbours all rest on the same evidence is safe, even from a distance. Each neighbour votes
    for its evidence with weight exp((similarity − best) / REACH).
    """
    if not neighbours:
        return []
    best = max(neighbour.similarity for neighbour in neighbours)
    weights = [float(np.exp((neighbour.similarity - best) / REACH)) for neighbour in neighbours]
    total = sum(weights)
    found = []
    for one in neighbours:
        rivals = [other.similarity for other in neighbours if other.evidence != one.evidence]
        votes = sum(weight for weight, other in zip(weights, neighbours, strict=True) if other.evidence == one.evidence)
        rival = max([UNSEEN_RIVAL, *rivals])
        found.append(one.similarity - 0.5 * rival + 0.5 * votes / total)
    return found


@cache
def packaged_mean(name: str, revision: str) -> Vector | None:
    """Return the mean of questions under the packaged model, or None for any other model."""
    shipped = json.loads(_MEAN_FILE.read_text("utf-8"))
    if (shipped["model"], shipped["revision"]) != (name, revision):
        return None
    return np.array(shipped["mean"], np.float32)


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector
