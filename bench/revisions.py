"""Pairs of texts from the history of a book, to judge near-duplicate detection by."""

from __future__ import annotations

import csv
import json
import lzma
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HANGUL = re.compile("[가-힣]")
_MIN_LENGTH = 500
_MIN_HANGUL = 0.15
"""Least share of a Korean text; the Korean book began as a copy of the English one."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Book:
    """Pairs of texts of one language, by kind.

    Attributes:
        edits: A file before and after a commit.
        distant: Two revisions of one file, however far apart.
        unrelated: The newest revisions of two files; only such as still exist, because others were renamed.
    """

    edits: list[Pair]
    distant: list[Pair]
    unrelated: list[Pair]

    @property
    def pairs(self) -> list[Pair]:
        """All of them."""
        return self.edits + self.distant + self.unrelated

    @property
    def texts(self) -> list[str]:
        """The different texts, in the order of the pairs."""
        return list(dict.fromkeys(text for pair in self.pairs for text in pair))


def read_book(folder: Path, language: str, count: int) -> Book:
    """Sample `count` pairs of each kind; very short texts and those of another language are left out."""
    texts: dict[str, str] = {}
    files: dict[str, list[str]] = {}
    with lzma.open(folder / "blobs.jsonl.xz", "rt", encoding="utf-8") as lines:
        for revision in map(json.loads, lines):
            if _is_usable(revision["text"], language):
                texts[revision["blob"]] = revision["text"]
                files.setdefault(revision["path"], []).append(revision["text"])
    with (folder / "revisions.tsv").open(encoding="utf-8") as rows:
        commits = [(row["old_blob"], row["new_blob"]) for row in csv.DictReader(rows, delimiter="\t")]
    edits = [(texts[old], texts[new]) for old, new in commits if old in texts and new in texts]
    histories = [revisions for revisions in files.values() if len(revisions) > 2]
    with (folder / "head_snapshot.tsv").open(encoding="utf-8") as rows:
        live = [texts[row["blob"]] for row in csv.DictReader(rows, delimiter="\t") if row["blob"] in texts]
    chooser = random.Random(language)
    return Book(
        chooser.sample(edits, count),
        [_two(chooser, chooser.choice(histories)) for _ in range(count)],
        [_two(chooser, live) for _ in range(count)],
    )


def _is_usable(text: str, language: str) -> bool:
    return len(text) >= _MIN_LENGTH and (language != "ko" or len(_HANGUL.findall(text)) > _MIN_HANGUL * len(text))


def _two(chooser: random.Random, texts: Sequence[str]) -> Pair:
    one, other = chooser.sample(texts, 2)
    return one, other
