"""What a search takes and gives: the prepared question, the passages found, and how they were found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

_IDS = ("document_id", "version_id", "chunk_id")


@dataclass(frozen=True)
class Neighbour:
    """A passage beside one that was found, in the same version."""

    chunk_id: UUID
    position: int
    page: int | None
    kind: str
    text: str


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    Attributes:
        score: What it was ranked by: 0 to 1 when scores are fused.
        text_rank: Its place in the full-text arm; None when only the other arm found it.
        vector_rank: Its place in the vector arm, likewise.
        similarity: Cosine to the question; None without a vector.
        text_score: BM25; None when it has none of the question's words.
        neighbours: Passages around it, in the order of the version.
        source_ttl_seconds: How long an answer that rests on it may be kept; None as the settings say.
        rerank_score: What the reranker thinks of it; higher is better, comparable within one question only.
    """

    rank: int
    document_id: UUID
    uri: str
    title: str
    source: str
    language: str
    version: int
    version_id: UUID
    chunk_id: UUID
    position: int
    page: int | None
    heading_path: list[str]
    kind: str
    text: str
    score: float
    text_rank: int | None
    vector_rank: int | None
    similarity: float | None
    text_score: float | None = None
    neighbours: tuple[Neighbour, ...] = ()
    source_ttl_seconds: int | None = None
    rerank_score: float | None = None

    @classmethod
    def from_row(cls, *, neighbours: Sequence[dict[str, Any]], **row: Any) -> Hit:
        """Return a row of the search statement, whose neighbours come as JSON."""
        beside = tuple(Neighbour(**{**each, "chunk_id": UUID(each["chunk_id"])}) for each in neighbours)
        return cls(**row, neighbours=beside)

    @classmethod
    def from_kept(cls, row: dict[str, Any]) -> Hit:
        """Return what `as_row` gave, after it was kept as JSON."""
        return cls.from_row(**{**row, **{name: UUID(row[name]) for name in _IDS}})

    def as_row(self) -> dict[str, Any]:
        """Return what `from_row` takes; nothing is copied, as `dataclasses.asdict` would."""
        return {**vars(self), "neighbours": [vars(neighbour) for neighbour in self.neighbours]}


def vector_literal(vector: NDArray[Any]) -> str:
    """Return a vector as Postgres reads it, in half precision, in which vectors are compared."""
    return _half_literal(np.asarray(vector, np.float16).tobytes())


@lru_cache(maxsize=256)  # a question is looked for in more than one way, and often asked again
def _half_literal(numbers: bytes) -> str:
    return json.dumps(np.frombuffer(numbers, np.float16).tolist())


@dataclass(frozen=True)
class Query:
    """A question in the two forms the arms need; `vector` is a `halfvec` literal, made by the model `model_id`."""

    text: str
    lexemes: list[str] = field(default_factory=list)
    vector: str | None = None
    model_id: int | None = None
    language: str = "en"


@dataclass(frozen=True)
class Candidate:
    """What the log keeps of a passage that was considered."""

    chunk_id: UUID
    text_rank: int | None
    vector_rank: int | None
    text_score: float | None
    similarity: float | None
    score: float

    @classmethod
    def of(cls, hit: Hit) -> Candidate:
        """Return what to remember of a passage."""
        return cls(hit.chunk_id, hit.text_rank, hit.vector_rank, hit.text_score, hit.similarity, hit.score)


@dataclass(frozen=True)
class Retrieved:
    """What a question found: the best passages, the seconds each part took, and all that was considered."""

    query: Query
    hits: Sequence[Hit]
    timings: dict[str, float]
    candidates: Sequence[Candidate]
