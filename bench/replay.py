"""The recorded history of a folder of documents: which files every commit added, changed and deleted.

Standard library only: the peers read it in an environment of their own.
"""

from __future__ import annotations

import csv
import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Revision:
    """One file of one commit: added (`A`), edited (`M`) or deleted (`D`)."""

    commit: str
    status: Literal["A", "M", "D"]
    path: str
    old: str
    new: str


@dataclass(frozen=True)
class History:
    """Every revision in order, and the texts they name."""

    revisions: list[Revision]
    texts: dict[str, str]

    @property
    def edits(self) -> list[Revision]:
        """The revisions that have a predecessor to be compared with."""
        return [revision for revision in self.revisions if revision.status == "M"]

    def commits(self) -> Iterator[list[Revision]]:
        """Yield the revisions of one commit after another."""
        for _, revisions in groupby(self.revisions, key=lambda revision: revision.commit):
            yield list(revisions)


def read_history(folder: Path) -> History:
    """Read `revisions.tsv` and `blobs.jsonl.xz` of a data set."""
    with (folder / "revisions.tsv").open(encoding="utf-8") as rows:
        revisions = [
            Revision(row["commit"], row["status"], row["path"], row["old_blob"], row["new_blob"])  # type: ignore[arg-type]
            for row in csv.DictReader(rows, delimiter="\t")
        ]
    with lzma.open(folder / "blobs.jsonl.xz", "rt", encoding="utf-8") as lines:
        texts = {blob["blob"]: blob["text"] for blob in map(json.loads, lines)}
    return History(revisions, texts)


def after(commits: list[list[Revision]]) -> dict[str, str]:
    """Return the blob of every file that is there after some commits, by path."""
    files: dict[str, str] = {}
    for revision in (revision for commit in commits for revision in commit):
        if revision.status == "D":
            files.pop(revision.path, None)
        else:
            files[revision.path] = revision.new
    return files
