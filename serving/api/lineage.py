"""`/v1/answers/{id}/lineage`: from a sentence to the bytes it rests on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from serving.api.deps import EngineDep, ReadScope
from serving.api.problems import PROBLEMS
from serving.lineage import trace

router = APIRouter(tags=["answers"], responses=PROBLEMS)

Evidence = Literal["current", "superseded", "deleted", "purged", "hidden"]


_INNER = ("text", "citations", "cached_answer_id")
"""What the reply says otherwise, or not at all."""


class SentenceReply(BaseModel):
    """A sentence of the answer, and the numbers of the sources it cites."""

    text: str
    citations: list[int]


class PassageReply(BaseModel):
    """The passage that was cited; a purged one has lost its text."""

    chunk_id: UUID | None
    text: str | None
    heading_path: list[str] | None
    page: int | None
    char_start: int | None = Field(description="First character in the version's text.")
    char_end: int | None = Field(description="One past the last character.")


class SourceVersionReply(BaseModel):
    """The version it stands in, and what made it."""

    id: UUID
    number: int
    document_id: UUID
    source: str
    uri: str
    title: str | None
    pipeline: list[str] = Field(description="Parser, masking, extraction, chunking and analysis, with their versions.")
    embedding_model: str | None


class RawObjectReply(BaseModel):
    """The raw bytes, in the landing bucket."""

    sha256: str
    s3_key: str
    byte_count: int
    media_type: str
    first_landed_at: datetime
    deleted_at: datetime | None = Field(description="When the source's policy removed them; null while they are kept.")


class SourceRunReply(BaseModel):
    """The run that took the version in."""

    id: UUID
    dag_run_id: str
    trigger: str
    started_at: datetime
    settled_at: datetime | None


class CitationLineage(BaseModel):
    """Where one numbered source leads; of a hidden one nothing else is told."""

    number: int
    evidence: Evidence
    passage: PassageReply | None = None
    version: SourceVersionReply | None = None
    raw_object: RawObjectReply | None = None
    run: SourceRunReply | None = None


class LineageReply(BaseModel):
    """Where an answer comes from."""

    answer_id: UUID
    generator: str
    model: str
    state: str
    answered_at: datetime
    is_withheld: bool = Field(description="Something it rests on may not be seen any more, so its text is not shown.")
    sentences: list[SentenceReply]
    citations: list[CitationLineage]


@router.get("/v1/answers/{answer_id}/lineage")
async def lineage(answer_id: UUID, engine: EngineDep, scope: ReadScope) -> LineageReply:
    """Follow every sentence of an answer to its passages, versions, raw objects and runs."""
    found = await trace(engine.pool, scope, answer_id)
    return LineageReply(
        **{
            name: value for name, value in found.answer.items() if name not in ("text", "citations", "cached_answer_id")
        },
        is_withheld=found.is_withheld,
        sentences=[SentenceReply(text=one.text, citations=list(one.citations)) for one in found.sentences],
        citations=[_citation(row) for row in found.citations],
    )


def _citation(row: dict[str, Any]) -> CitationLineage:
    if row["version_id"] is None:
        # The document may be there and this version not: nothing is known, so nothing is told.
        return CitationLineage(number=row["number"], evidence="hidden")
    return CitationLineage(
        number=row["number"],
        evidence=row["evidence"],
        passage=PassageReply(**{**row, "text": row["passage"]}),
        version=SourceVersionReply(
            **{**row, "id": row["version_id"], "number": row["version"], "pipeline": row["pipeline"].split(";")}
        ),
        raw_object=RawObjectReply(**{**row, "deleted_at": row["bytes_deleted_at"]}),
        run=SourceRunReply(
            id=row["run_id"],
            dag_run_id=row["dag_run_id"],
            trigger=row["run_trigger"],
            started_at=row["run_started_at"],
            settled_at=row["run_settled_at"],
        ),
    )
