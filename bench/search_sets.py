"""Two sets of questions with known answers: scifact in English, and one made from the Rust book in Korean."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.replay import read_history
from corpus.analysis import language, sentences
from corpus.embedding import Embedder
from corpus.settings import regesta_home

PASSAGE_CHARACTERS = 1200
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class QuestionSet:
    """Passages, questions, and which passages answer which question; all relevant ones count the same."""

    name: str
    passages: Mapping[str, str]
    questions: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]

    def split(self) -> tuple[list[str], list[str]]:
        """Return the questions weights are chosen on and those that are reported, by a hash of their ids."""
        ordered = sorted(self.questions, key=lambda key: hashlib.md5(key.encode()).hexdigest())
        return ordered[: len(ordered) // 2], ordered[len(ordered) // 2 :]

    def vectors(self, embedder: Embedder) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of passages and questions, in order; made once per machine and model."""
        return _embedded(embedder, list(self.passages.values()), "passage"), _embedded(
            embedder, list(self.questions.values()), "query"
        )


def scifact(folder: Path) -> QuestionSet:
    """Read the abstracts and the claims of the training split (the test split stays unseen)."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        passages = {row["_id"]: f"{row['title']}\n{row['text']}" for row in map(json.loads, lines)}
    with (folder / "queries.train.jsonl").open(encoding="utf-8") as lines:
        questions = {row["_id"]: row["text"] for row in map(json.loads, lines)}
    relevant: dict[str, set[str]] = {}
    with (folder / "qrels.train.tsv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            if int(row["score"]) > 0:
                relevant.setdefault(row["query-id"], set()).add(row["corpus-id"])
    asked = {key: questions[key] for key in relevant}
    return QuestionSet("scifact", passages, asked, {key: frozenset(found) for key, found in relevant.items()})


def rust_book(folder: Path) -> QuestionSet:
    """Make Korean questions from the book's last state.

    A section's first sentence is the question; it and the headings are taken out of the passages, which are what is
    left of the section. So no question is part of its answer, but it was written by the same author in the same
    words, which favours full text more than people's own questions would; and a neighbouring section that answers as
    well counts as wrong.
    """
    history = read_history(folder)
    with (folder / "head_snapshot.tsv").open(encoding="utf-8") as rows:
        texts = [history.texts[row["blob"]] for row in csv.DictReader(rows, delimiter="\t")]
    passages: dict[str, str] = {}
    questions: dict[str, str] = {}
    relevant: dict[str, frozenset[str]] = {}
    for number, section in enumerate(section for text in texts for section in _sections(text)):
        opening, rest = _opened(section)
        parts = {f"{number}/{place}": part for place, part in enumerate(_parts(rest))}
        passages |= parts
        if 20 <= len(opening) <= 200 and language(opening) == "ko" and len(rest) >= 200:
            questions[str(number)] = opening
            relevant[str(number)] = frozenset(parts)
    return QuestionSet("rust-book-ko", passages, questions, relevant)


def _sections(text: str) -> Iterator[str]:
    """Yield the text below each heading; a `#` inside a code block is no heading."""
    fences = [match.span() for match in _FENCE.finditer(text)]
    starts = [
        match.start()
        for match in _HEADING.finditer(text)
        if not any(begin <= match.start() < end for begin, end in fences)
    ]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        _, _, body = text[start:end].partition("\n")
        if body.strip():
            yield body.strip()


def _opened(section: str) -> tuple[str, str]:
    """Return the first sentence of a section and the rest; no sentence when it does not begin with prose."""
    paragraph, _, after = section.partition("\n\n")
    found = sentences(" ".join(paragraph.split())) if paragraph[:1].isalnum() else []
    if not found:
        return "", section
    return found[0], "\n\n".join(part for part in (" ".join(found[1:]), after) if part)


def _parts(text: str) -> Iterator[str]:
    """Yield passages of whole paragraphs."""
    passage = ""
    for paragraph in filter(None, map(str.strip, text.split("\n\n"))):
        if passage and len(passage) + len(paragraph) > PASSAGE_CHARACTERS:
            yield passage
            passage = ""
        passage = f"{passage}\n\n{paragraph}".strip()
    if passage:
        yield passage


def _embedded(embedder: Embedder, texts: list[str], kind: str) -> NDArray[np.float32]:
    stamp = hashlib.sha256("\0".join([embedder.name, embedder.revision, kind, *texts]).encode()).hexdigest()[:24]
    kept = regesta_home() / "bench" / f"{stamp}.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found = np.empty((len(texts), embedder.dimensions), np.float32)
        for start in range(0, len(order), 64):
            places = order[start : start + 64]
            found[places] = embedder.embed([texts[place] for place in places], kind)  # type: ignore[arg-type]
        np.save(kept, found)
    vectors: NDArray[np.float32] = np.load(kept)
    return vectors
