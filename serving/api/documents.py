"""`/v1/documents`, `/v1/runs`, `/v1/requests`: what there is, in which versions, and what ingestion is asked to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from serving import documents
from serving.api.deps import EngineDep, ReadScope, WriteScope
from serving.api.filters import Body, Moment
from serving.api.idempotent import IdempotentRoute
from serving.api.problems import PROBLEMS

router = APIRouter(tags=["documents"], responses=PROBLEMS, route_class=IdempotentRoute)

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
Status = Literal["active", "quarantined", "duplicate", "withheld", "deleted"]


def _in_future(moment: datetime) -> datetime:
    if moment <= datetime.now(UTC):
        raise ValueError("it must lie in the future")
    return moment


class RestoreRunBody(Body):
    """Why what a run did is undone, and for how long."""

    reason: Reason
    expires_at: Annotated[Moment, AfterValidator(_in_future)] | None = Field(
        default=None, description="When the pin ends by itself, with its UTC offset; leave it out to keep it."
    )


class RestoreBody(RestoreRunBody):
    """Which version to serve from now on, why and for how long."""

    version: int | None = Field(
        default=None, ge=1, le=2**31 - 1, strict=True, description="Leave it out for the one served before the current."
    )


class ReasonBody(Body):
    """Why."""

    reason: Reason


class Page(Body):
    """Which page of a listing; like in a body, a parameter nobody knows is an error: misspelt, it narrowed nothing."""

    source: Word | None = None
    limit: int = Field(default=50, ge=1, le=200)
    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before.")


class DocumentsPage(Page):
    """What a listing of documents is narrowed to."""

    language: Word | None = None
    status: Status | None = Field(default=None, description="Only `active` documents are served.")
    title: Word | None = Field(default=None, description="Stands in the title, in whatever case.")


class PinReply(BaseModel):
    """A decision which version of a document is served; `version` is null when it is none."""

    version: int | None
    reason: str
    pinned_at: datetime
    expires_at: datetime | None


class DocumentReply(BaseModel):
    """One document; title, language and version are those being served."""

    id: UUID
    source: str
    uri: str
    title: str | None
    language: str | None
    status: Status
    version: int | None
    created_at: datetime
    updated_at: datetime


class DocumentDetail(DocumentReply):
    """One document, and whether a person decided which version is served."""

    pin: PinReply | None


class DocumentsReply(BaseModel):
    """A page of documents, newest first."""

    documents: list[DocumentReply]
    next_cursor: UUID | None = Field(description="Null on the last page.")


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
    run_id: UUID = Field(description="The run that made it; `/v1/runs/{run_id}/restore` undoes all it did.")
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
    kind: documents.RequestKind
    document_id: UUID | None = None
    run_id: UUID | None = None
    version: int | None = None
    expires_at: datetime | None = None
    state: Literal["waiting", "done", "failed"]
    result: dict[str, Any] = Field(default_factory=dict)
    requested_at: datetime
    finished_at: datetime | None = None


@router.get("/v1/documents")
async def list_documents(
    engine: EngineDep, scope: ReadScope, wanted: Annotated[DocumentsPage, Query()]
) -> DocumentsReply:
    """List the documents the key may read, newest first."""
    limit, given = wanted.limit, (wanted.cursor, wanted.source, wanted.language, wanted.status, wanted.title)
    rows = await documents.list_documents(engine.pool, scope, documents.Listing(limit + 1, *given))
    page = [DocumentReply(**row) for row in rows[:limit]]
    return DocumentsReply(documents=page, next_cursor=page[-1].id if len(rows) > limit else None)


@router.get("/v1/documents/{document_id}")
async def show(document_id: UUID, engine: EngineDep, scope: ReadScope) -> DocumentDetail:
    """Return one document the key may read."""
    return DocumentDetail(**await documents.find_document(engine.pool, scope, document_id))


@router.get("/v1/documents/{document_id}/versions")
async def versions(document_id: UUID, engine: EngineDep, scope: ReadScope) -> VersionsReply:
    """List the versions of a document the key may read."""
    rows = await documents.list_versions(engine.pool, scope, document_id)
    return VersionsReply(document_id=document_id, versions=[VersionReply(**row) for row in rows])


@router.post("/v1/documents/{document_id}/restore", status_code=202)
async def restore(
    document_id: UUID, body: RestoreBody, engine: EngineDep, scope: WriteScope, response: Response
) -> RequestReply:
    """Ask for an earlier version to be served; `Location` tells when it is."""
    row = await documents.request(
        engine.pool, scope, "restore", document_id, body.version, body.reason, body.expires_at
    )
    return accepted(response, row)


@router.post("/v1/runs/{run_id}/restore", status_code=202)
async def restore_run(
    run_id: UUID, body: RestoreRunBody, engine: EngineDep, scope: WriteScope, response: Response
) -> RequestReply:
    """Ask for everything one run did to be undone: what was served when it began is served again, in one transaction.

    The request's result names every document, and those that were left alone because a later run changed them.
    """
    row = await documents.request_restored_run(engine.pool, scope, run_id, body.reason, body.expires_at)
    return accepted(response, row)


@router.post("/v1/documents/{document_id}/unpin", status_code=202)
async def unpin(
    document_id: UUID, body: ReasonBody, engine: EngineDep, scope: WriteScope, response: Response
) -> RequestReply:
    """Ask for the newest version to be served again; `Location` tells when it is."""
    return accepted(response, await documents.request(engine.pool, scope, "unpin", document_id, None, body.reason))


@router.get("/v1/requests/{request_id}")
async def request_state(request_id: UUID, engine: EngineDep, scope: ReadScope) -> RequestReply:
    """Return what became of a request."""
    return RequestReply(**await documents.find_request(engine.pool, scope, request_id))


def accepted(response: Response, row: dict[str, Any]) -> RequestReply:
    """Return a request that was written down, and say where to look for it."""
    response.headers["Location"] = f"/v1/requests/{row['id']}"
    return RequestReply(**row)
