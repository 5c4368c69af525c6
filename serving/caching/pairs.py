"""Labelled pairs of questions: read from a file, scored as the cache would, for a calibration."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.embedding import Embedder
from serving.caching.calibration import Scored
from serving.caching.canonical import canonical
from serving.caching.guard import compare
from serving.caching.similarity import Neighbour, Vector, question_vector, scores
from serving.errors import ServingError

CERTAIN = 10.0
"""Score of the same canonical form, and its opposite that of a pair the guard refuses: beyond every threshold."""
_LABELS = {"1": True, "true": True, "yes": True, "same": True, "0": False, "false": False, "no": False,
           "different": False}  # fmt: skip


class InvalidPairs(ServingError):
    """A file of labelled pairs cannot be read; the message names the place."""

    status = 422
    slug = "invalid-pairs"
    title = "The labelled pairs cannot be read"


@dataclass(frozen=True)
class Pair:
    """Two questions, and whether one answer serves both."""

    question: str
    other: str
    same: bool


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs from CSV with a header, or JSON lines: `question`, `other`, and `same` as 1/0, true/false or yes/no.

    Raises:
        InvalidPairs: The file cannot be read, or a row lacks something.
    """
    try:
        return [_pair(row, f"{path}, row {number}") for number, row in enumerate(_rows(path), 1)]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise InvalidPairs(f"{path} cannot be read: {error}") from error


def score_pairs(pairs: Sequence[Pair], embedder: Embedder, mean: Vector) -> list[Scored]:
    """Return the score each pair's question would get in a cache that holds only the other one.

    A fuller cache has rivals, which only lower scores: a threshold found this way is on the safe side there.
    """
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.question, pair.other)))
    forms = [canonical(text) for text in texts]
    vectors = zip(embedder.embed(texts, "query"), embedder.embed(forms, "query"), strict=True)
    compared = {text: question_vector(typed, plain, mean) for text, (typed, plain) in zip(texts, vectors, strict=True)}
    return [Scored(_score(pair, compared), pair.same) for pair in pairs]


def _score(pair: Pair, compared: dict[str, Vector]) -> float:
    if not compare(pair.question, pair.other).agrees:
        return -CERTAIN
    if canonical(pair.question) == canonical(pair.other):
        return CERTAIN
    return scores([Neighbour(float(compared[pair.question] @ compared[pair.other]), "")])[0]


def _rows(path: Path) -> Iterator[dict[str, object]]:
    text = path.read_text("utf-8-sig")
    if path.suffix in (".jsonl", ".ndjson", ".json"):
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
    else:
        yield from csv.DictReader(text.splitlines())


def _pair(row: object, place: str) -> Pair:
    values = row if isinstance(row, dict) else {}
    question, other, same = (str(values.get(name) or "").strip() for name in ("question", "other", "same"))
    label = _LABELS.get((same or str(values.get("same"))).lower())
    if not question or not other or label is None:
        raise InvalidPairs(f"{place}: it needs `question`, `other`, and `same` as 1 or 0.")
    return Pair(question, other, label)
