"""`/v1/quarantine`: versions that were kept out, and what a person can do about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from serving import documents
from serving.api.deps import EngineDep, ReadScope, WriteScope
from serving.api.documents import Page, ReasonBody, RequestReply, accepted
from serving.api.idempotent import IdempotentRoute
from serving.api.problems import PROBLEMS, documented

router = APIRouter(tags=["quarantine"], responses=PROBLEMS, route_class=IdempotentRoute)


class QuarantinedReply(BaseModel):
    """One version that was kept out."""

    version_id: UUID
    document_id: UUID
    source: str
    uri: str
    version: int
    reason: str
    can_be_released: bool = Field(description="False when its content could not be used at all.")
    is_older_served: bool
    created_at: datetime


class QuarantineReply(BaseModel):
    """A page of quarantined versions, newest first."""

    versions: list[QuarantinedReply]
    next_cursor: UUID | None = Field(description="Null on the last page.")


@router.get("/v1/quarantine")
async def list_quarantined(engine: EngineDep, scope: ReadScope, wanted: Annotated[Page, Query()]) -> QuarantineReply:
    """List what was kept out of the documents the key may read, newest first."""
    limit = wanted.limit
    rows = await documents.list_quarantined(engine.pool, scope, limit + 1, wanted.cursor, wanted.source)
    page = [QuarantinedReply(**row) for row in rows[:limit]]
    return QuarantineReply(versions=page, next_cursor=page[-1].version_id if len(rows) > limit else None)


@router.post("/v1/quarantine/{version_id}/retry", status_code=202)
async def retry(
    version_id: UUID, body: ReasonBody, engine: EngineDep, scope: WriteScope, response: Response
) -> RequestReply:
    """Ask for a version to be worked on again although its bytes are the same."""
    row = await documents.request_quarantined(engine.pool, scope, "retry", version_id, body.reason)
    return accepted(response, row)


@router.post("/v1/quarantine/{version_id}/release", status_code=202, responses=documented(409))
async def release(
    version_id: UUID, body: ReasonBody, engine: EngineDep, scope: WriteScope, response: Response
) -> RequestReply:
    """Ask for a version to pass validation; for these bytes only, an edit is validated again."""
    row = await documents.request_quarantined(engine.pool, scope, "release", version_id, body.reason)
    return accepted(response, row)
