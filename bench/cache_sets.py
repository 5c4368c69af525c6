"""Labelled questions for the answer cache: what was asked before, what is asked now, and whether they are the same."""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data import folder

FOLDS = 5
ASKED_AGAIN = 5000
"""Of the cached bank questions, how many are asked as well, each with itself left out: a proof needs many."""


@dataclass(frozen=True)
class Entry:
    """A question and what it means: two with the same meaning should get one answer."""

    text: str
    meaning: str


@dataclass(frozen=True)
class QuestionSet:
    """Questions asked of a cache.

    Attributes:
        cached: What the cache holds, all of it at once; None when each question has a cache of its own.
        asked: Each question with the entries of its own cache; empty when `cached` holds them.
    """

    name: str
    cached: Sequence[Entry] | None
    asked: Sequence[tuple[Entry, Sequence[Entry]]]

    def texts(self) -> list[str]:
        """Return every text there is, once."""
        own = [entry.text for question, entries in self.asked for entry in (question, *entries)]
        return list(dict.fromkeys([*(entry.text for entry in self.cached or ()), *own]))


def load_sets() -> Iterator[QuestionSet]:
    """Yield the data sets that are there."""
    for name, load in (("banking77", _banking), ("parakqc", _parakqc), ("ko-question-pair", _korean_pairs)):
        where = folder(name)
        if where is not None:
            yield load(where)


def fold_of(text: str, seed: int) -> int:
    """Return which of `FOLDS` parts a question is in: each is measured with the threshold the others found."""
    return hashlib.sha256(f"{seed}/{text}".encode()).digest()[0] % FOLDS


def _banking(where: Path) -> QuestionSet:
    """10,003 bank questions cached, 3,080 others and 5,000 of them asked; right is one of the same of 77 intents."""

    def read(name: str) -> list[Entry]:
        with (where / name).open(encoding="utf-8") as lines:
            return [Entry(row["text"], row["category"]) for row in csv.DictReader(lines)]

    cached = read("train.csv")
    asked = [*read("test.csv"), *random.Random(5).sample(cached, ASKED_AGAIN)]
    return QuestionSet("banking77", cached, [(entry, ()) for entry in asked])


def _parakqc(where: Path) -> QuestionSet:
    """Sets of ten Korean paraphrases: five of each of two thirds of the sets cached, and all asked.

    A question is never answered from itself; a third of the sets has nothing in the cache that would be right.
    """
    lines = (where / "paraKQC_first300sets.txt").read_text("utf-8").splitlines()
    texts = [line.split("\t")[2] for line in lines if line.count("\t") >= 2]
    cached: list[Entry] = []
    asked: list[Entry] = []
    shuffled = random.Random(3)
    for number, start in enumerate(range(0, len(texts), 10)):
        same = [Entry(text, str(number)) for text in dict.fromkeys(texts[start : start + 10])]
        shuffled.shuffle(same)
        cached += same[:5] if number % 3 else []
        asked += same
    return QuestionSet("parakqc", cached, [(entry, ()) for entry in asked])


def _korean_pairs(where: Path) -> QuestionSet:
    """Pairs labelled by hand, 0 for the same: the first cached, the second asked."""
    with (where / "kor_pair_train.csv").open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    pairs = []
    for row in rows:
        other = row["qid1"] if row["is_duplicate"] == "0" else row["qid2"]
        pairs.append((Entry(row["question2"], other), [Entry(row["question1"], row["qid1"])]))
    return QuestionSet("ko-question-pair", None, pairs)
