"""Fit the routing score on labelled questions, and say how often ordinary questions go to the strong model."""

from __future__ import annotations

import csv
import json
from dataclasses import astuple

import numpy as np

from bench.data import folder
from bench.report import Bar, report
from corpus.settings import ROOT
from serving.routing import INTERCEPT, WEIGHTS, complexity, features
from serving.settings import ServingSettings

LABELLED = ROOT / "examples" / "routing.jsonl"
RIDGE = 0.5
"""Keeps weights small that the few labelled questions say little about."""
STRONG_SHARE = 0.08
FOLDS = 6


def run(repeats: int) -> bool:
    """Compare the shipped weights with a fresh fit, and measure both on questions nobody labelled."""
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    matrix = np.array([[1.0, *astuple(features(row["question"]))] for row in rows])
    labels = np.array([row["tier"] == "strong" for row in rows], dtype=float)
    fitted = fit(matrix, labels)
    threshold = ServingSettings.model_fields["route_threshold"].default
    shares = {name: _strong_share(questions, threshold) for name, questions in _ordinary().items()}
    shipped = 1 / (1 + np.exp(-matrix @ np.array([INTERCEPT, *WEIGHTS])))
    figures = {
        "fitted": [round(float(weight), 2) for weight in fitted],
        "shipped": [INTERCEPT, *WEIGHTS],
        "right on held-out folds": round(_cross_validated(matrix, labels, threshold), 3),
        "strong questions routed strong": round(float(np.mean(shipped[labels == 1] >= threshold)), 3),
        "light questions routed strong": round(float(np.mean(shipped[labels == 0] >= threshold)), 3),
        **{f"routed strong: {name}": round(share, 3) for name, share in shares.items()},
    }
    drift = float(np.abs(fitted - np.array([INTERCEPT, *WEIGHTS])).max())
    bars = {
        "largest difference of a shipped weight": Bar(round(drift, 2), 0.05),
        "greatest share of ordinary questions routed strong": Bar(round(max(shares.values()), 3), STRONG_SHARE),
    }
    return report("routing", figures, bars)


def fit(matrix: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return intercept and weights of a ridge logistic regression, by Newton's method.

    What was found is not part of the labelled questions, so the weight of `spread` is fitted to 0; it stays for those
    who fit on their own query log.
    """
    weights = np.zeros(matrix.shape[1])
    penalty = np.diag([0.0, *[RIDGE] * (matrix.shape[1] - 1)])
    for _ in range(50):
        chances = 1 / (1 + np.exp(-matrix @ weights))
        gradient = matrix.T @ (labels - chances) - penalty @ weights
        hessian = (matrix * (chances * (1 - chances))[:, None]).T @ matrix + penalty
        weights += np.linalg.solve(hessian, gradient)
    return weights


def _cross_validated(matrix: np.ndarray, labels: np.ndarray, threshold: float) -> float:
    fold = np.arange(len(labels)) % FOLDS
    right = 0
    for number in range(FOLDS):
        weights = fit(matrix[fold != number], labels[fold != number])
        chances = 1 / (1 + np.exp(-matrix[fold == number] @ weights))
        right += int(((chances >= threshold) == (labels[fold == number] == 1)).sum())
    return right / len(labels)


def _ordinary() -> dict[str, list[str]]:
    """Return sets of questions as people ask them; none was looked at for the weights."""
    handbook = [
        json.loads(line)["question"]
        for name in ("questions.jsonl", "questions_heldout.jsonl")
        for line in (ROOT / "examples" / name).read_text(encoding="utf-8").splitlines()
    ]
    found = {"handbook (en, ko)": handbook}
    if banking := folder("banking77"):
        with (banking / "test.csv").open(encoding="utf-8") as lines:
            found["banking77 (en)"] = [row["text"] for row in csv.DictReader(lines)]
    if parakqc := folder("parakqc"):
        lines = (parakqc / "paraKQC_first300sets.txt").read_text(encoding="utf-8").splitlines()
        found["parakqc (ko)"] = [line.split("\t")[-1] for line in lines if line.strip()]
    return found


def _strong_share(questions: list[str], threshold: float) -> float:
    return sum(complexity(features(question)) >= threshold for question in questions) / len(questions)
