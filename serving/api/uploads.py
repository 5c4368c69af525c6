"""`POST` and `DELETE /v1/documents`, `/v1/arrivals`: documents are handed in and withdrawn."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from corpus.landing import Arrival
from serving.api.deps import EngineDep, ReadScope, WriteScope
from serving.api.idempotent import IdempotentRoute
from serving.api.problems import PROBLEMS, documented
from serving.errors import Refused, TooLarge, UnsupportedType
from serving.uploads import LandingDoor, check_source, find_arrival, withdrawable

MULTIPART_SLACK = 64 * 1024
"""Bytes of a multipart body besides the file: boundaries, headers, the other field."""
_FORM = {
    "type": "object",
    "required": ["file", "source"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The document; its name tells it from others."},
        "source": {"type": "string", "description": "Name of an upload source the key may read."},
    },
}

router = APIRouter(tags=["documents"], responses=PROBLEMS, route_class=IdempotentRoute)


class ArrivalReply(BaseModel):
    """What became of a document that was handed in or withdrawn; ingestion takes it up within seconds."""

    id: UUID
    source: str
    uri: str
    kind: Literal["put", "delete"]
    state: Literal["waiting", "done"] = "waiting"
    sha256: str | None
    byte_count: int | None
    document_id: UUID | None = None
    arrived_at: datetime
    settled_at: datetime | None = None


async def landing_door(request: Request) -> LandingDoor:
    """Return the door this worker opened at start."""
    return cast(LandingDoor, request.app.state.landing_door)


DoorDep = Annotated[LandingDoor, Depends(landing_door)]


@router.post(
    "/v1/documents",
    status_code=202,
    responses=documented(409, 413, 415),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def upload(
    request: Request, engine: EngineDep, scope: WriteScope, door: DoorDep, response: Response
) -> ArrivalReply:
    """Hand in a document, or a new version under the same name; `Location` tells when it was taken in.

    The raw bytes are stored before this answers. Nothing of the body is read before the key is known to be valid,
    and no more of it than a document may have.
    """
    form = await _form(request, door.max_bytes)
    try:
        source, file = form.get("source"), form.get("file")
        if not isinstance(source, str) or not source or "\x00" in source:
            raise _missing("source", source)
        if not isinstance(file, UploadFile):
            raise _missing("file", file)
        await check_source(engine.pool, scope, source)
        arrival = await door.put(scope, source, file.filename or "", lambda: file.file.read(door.max_bytes + 1))
    finally:
        await form.close()
    return _accepted(response, arrival)


@router.delete("/v1/documents/{document_id}", status_code=202, responses=documented(409))
async def delete(
    document_id: UUID, engine: EngineDep, scope: WriteScope, door: DoorDep, response: Response
) -> ArrivalReply:
    """Withdraw a document that was handed in; `Location` tells when readers have stopped seeing it."""
    source, uri = await withdrawable(engine.pool, scope, document_id)
    arrival = await door.withdraw(scope, source, uri)
    return _accepted(response, arrival)


@router.get("/v1/arrivals/{arrival_id}")
async def arrival_state(arrival_id: UUID, engine: EngineDep, scope: ReadScope) -> ArrivalReply:
    """Return what became of a document that was handed in or withdrawn."""
    return ArrivalReply(**await find_arrival(engine.pool, scope, arrival_id))


def _accepted(response: Response, arrival: Arrival) -> ArrivalReply:
    response.headers["Location"] = f"/v1/arrivals/{arrival.id}"
    return ArrivalReply(**asdict(arrival))


async def _form(request: Request, max_bytes: int) -> FormData:
    """Read a multipart body; large files go to a temporary file as they come in."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedType("Send the document as multipart/form-data, with the fields `file` and `source`.")
    try:
        stream = limited(request, max_bytes + MULTIPART_SLACK)
        return await MultiPartParser(request.headers, stream, max_files=1, max_fields=1).parse()
    except MultiPartException as error:
        raise Refused(f"The multipart body cannot be read: {error.message}") from error


async def limited(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes in, and stop at the limit.

    Raises:
        TooLarge: More than that was announced or has come.
    """
    refusal = TooLarge(f"The body has more than {max_bytes} bytes.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise refusal
    count = 0
    async for piece in request.stream():
        count += len(piece)
        if count > max_bytes:
            raise refusal
        yield piece


def _missing(field: str, value: Any) -> RequestValidationError:
    kind = "missing" if value in (None, "") else "invalid"
    return RequestValidationError([{"type": kind, "loc": ("body", field), "msg": f"{kind} field", "input": None}])
