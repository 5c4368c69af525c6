"""`/v1/documents`: the versions of a document, and the way back to one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from serving.api.ask import PROBLEMS
from serving.api.deps import EngineDep, ScopeDep
from serving.api.filters import Body
from serving.documents import find_request, list_versions, request_restore

router = APIRouter(tags=["documents"], responses=PROBLEMS)

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class RestoreBody(Body):
    """Which version to serve from now on, and why."""

    version: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Leave it out for the one served before the current."
    )
    reason: Reason


class VersionReply(BaseModel):
    """One version of a document."""

    version: int
    version_id: UUID
    state: str
    reason: str | None
    title: str | None
    language: str | None
    metadata: dict[str, Any]
    raw_sha256: str
    created_at: datetime
    served_from: datetime | None = Field(description="When it was last put into service.")
    served_until: datetime | None = Field(description="Null while it is served.")


class VersionsReply(BaseModel):
    """The versions of a document, newest first."""

    document_id: UUID
    versions: list[VersionReply]


class RequestReply(BaseModel):
    """What became of a request; ingestion works on it within seconds."""

    id: UUID
    document_id: UUID | None = None
    version: int | None = None
    state: Literal["waiting", "done", "failed"]
    result: dict[str, Any] = Field(default_factory=dict)
    requested_at: datetime
    finished_at: datetime | None = None


@router.get("/v1/documents/{document_id}/versions")
async def versions(document_id: UUID, engine: EngineDep, scope: ScopeDep) -> VersionsReply:
    """List the versions of a document the key may read."""
    rows = await list_versions(engine.pool, scope, document_id)
    return VersionsReply(document_id=document_id, versions=[VersionReply(**row) for row in rows])


@router.post("/v1/documents/{document_id}/restore", status_code=202)
async def restore(
    document_id: UUID, body: RestoreBody, engine: EngineDep, scope: ScopeDep, response: Response
) -> RequestReply:
    """Ask for an earlier version to be served; `Location` tells when it is."""
    row = await request_restore(engine.pool, scope, document_id, body.version, body.reason)
    response.headers["Location"] = f"/v1/requests/{row['id']}"
    return RequestReply(**row)


@router.get("/v1/requests/{request_id}")
async def request_state(request_id: UUID, engine: EngineDep, scope: ScopeDep) -> RequestReply:
    """Return what became of a request."""
    return RequestReply(**await find_request(engine.pool, scope, request_id))
