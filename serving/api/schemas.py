"""Bodies of requests and replies, with the examples the API page shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from serving.api.filters import AsOf, Body, FilterBody
from serving.retriever import Mode

_CONTROL = {code: None for code in (*range(9), 11, 12, *range(14, 32), 127)}


TEXT_LIMIT = 4000


def printable(text: Any) -> Any:
    """Return a text without control characters; anything else as it is."""
    return text.translate(_CONTROL) if isinstance(text, str) else text


def _question(text: Any) -> Any:
    if isinstance(text, str) and len(text) > TEXT_LIMIT:  # as it came, not as what is left of it
        raise ValueError(f"more than {TEXT_LIMIT} characters")
    return printable(text)


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LIMIT), BeforeValidator(_question)
]
"""What a person typed, without control characters."""


class SearchBody(Body):
    """A search."""

    query: Text = Field(examples=["비밀번호를 몇 번 틀리면 계정이 잠기나요?"])
    top_k: int = Field(default=10, ge=1, le=100, strict=True)
    mode: Mode = "hybrid"
    filters: FilterBody = Field(default_factory=FilterBody)
    as_of: AsOf = None
    neighbours: int = Field(default=0, ge=0, le=5, description="Passages before and after each hit that come with it.")


class AskBody(Body):
    """A question."""

    question: Text = Field(examples=["How many wrong passwords lock an account?"])
    stream: bool = Field(
        default=False, strict=True, description="Stream events even without `Accept: text/event-stream`."
    )
    top_k: int | None = Field(default=None, ge=1, le=20, strict=True, description="Passages the answer may rest on.")
    filters: FilterBody = Field(default_factory=FilterBody)
    as_of: AsOf = None


class PlainAskBody(Body):
    """A question for the plain stream."""

    question: Text


class NeighbourReply(BaseModel):
    """A passage beside one that was found."""

    chunk_id: UUID
    position: int
    page: int | None
    kind: str
    text: str


class HitReply(BaseModel):
    """One passage."""

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
    text_score: float | None = Field(description="BM25.")
    rerank_score: float | None
    neighbours: list[NeighbourReply]
    source_ttl_seconds: int | None = Field(description="How long an answer from it may be given again.")


class SearchReply(BaseModel):
    """The passages found, best first."""

    query_id: UUID
    mode: Mode
    hits: list[HitReply]
    timings: dict[str, float] = Field(description="Seconds per component.")


class SourceReply(BaseModel):
    """A numbered source of an answer; `[number]` in the text refers to it."""

    number: int
    document_id: UUID
    uri: str
    title: str
    version: int
    chunk_id: UUID
    page: int | None
    heading_path: list[str]
    text: str


class AnswerReply(BaseModel):
    """A finished answer."""

    answer_id: UUID
    answer: str
    citations: list[SourceReply] = Field(description="The sources the text cites, by first mention.")
    generator: str
    model: str
    degraded: bool = Field(description="True when the model was down and the answer comes from passages alone.")
    reason: str | None = None
    cache: Literal["hit", "miss", "off"] = Field(description="Whether an answer was given again; off: never for this.")
    cache_reason: str
    tier: Literal["light", "strong", "none"] = Field(description="Which model the question was sent to.")
    usage: dict[str, int]
    cost: float | None = Field(default=None, description="In the currency of the prices that are set.")
    timings: dict[str, float]


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, Any]] | None = None
