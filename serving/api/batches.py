"""`/v1/batches`: many questions at once, answered in the background."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from serving import batches
from serving.api.batch_bodies import JSON, NDJSON, body_schema, questions_of
from serving.api.deps import BatchScope, EngineDep
from serving.api.idempotent import IdempotentRoute
from serving.api.problems import PROBLEMS, documented
from serving.api.uploads import limited
from serving.errors import UnsupportedType

MAX_BODY_BYTES = 32 * 2**20
_RESULTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            NDJSON: {
                "example": '{"custom_id": "q1", "status": "done", "answer": {"answer": "Eight [1]."}, "error": null}\n'
            }
        }
    }
}

router = APIRouter(tags=["batches"], responses=PROBLEMS, route_class=IdempotentRoute)


class BatchReply(BaseModel):
    """A batch, and how many of its questions stand where."""

    id: UUID
    state: batches.BatchState
    total: int
    waiting: int
    running: int
    done: int
    failed: int
    cancelled: int
    created_at: datetime
    cancelled_at: datetime | None
    finished_at: datetime | None = Field(description="When its newest question ended.")


@router.post(
    "/v1/batches",
    status_code=202,
    responses=documented(413, 415),
    openapi_extra={"requestBody": body_schema()},
)
async def submit(request: Request, engine: EngineDep, scope: BatchScope, response: Response) -> BatchReply:
    """Hand in questions as JSON, or one per line as NDJSON; they are asked with this key's rights."""
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind not in (JSON, NDJSON):
        raise UnsupportedType(f"Send {JSON} or {NDJSON}, not {kind}.")
    body = b"".join([piece async for piece in limited(request, MAX_BODY_BYTES)])
    questions = questions_of(body, kind)
    batch = await batches.submit(engine.pool, scope, questions)
    response.headers["Location"] = f"/v1/batches/{batch.id}"
    return _reply(batch)


@router.get("/v1/batches/{batch_id}")
async def state(batch_id: UUID, engine: EngineDep, scope: BatchScope) -> BatchReply:
    """Return how far a batch has come."""
    return _reply(await batches.find(engine.pool, scope, batch_id))


@router.get("/v1/batches/{batch_id}/results", response_class=StreamingResponse, responses=_RESULTS)
async def results(batch_id: UUID, engine: EngineDep, scope: BatchScope) -> StreamingResponse:
    """Stream what has ended so far, in order, one JSON document per line: an answer, or why there is none."""
    await batches.find(engine.pool, scope, batch_id)

    async def lines() -> AsyncIterator[str]:
        async for row in batches.results(engine.pool, scope, batch_id):
            yield json.dumps(row, ensure_ascii=False) + "\n"

    return StreamingResponse(lines(), media_type=NDJSON)


@router.post("/v1/batches/{batch_id}/cancel")
async def cancel(batch_id: UUID, engine: EngineDep, scope: BatchScope) -> BatchReply:
    """Call a batch off: what was answered stays, the rest will not be."""
    return _reply(await batches.cancel(engine.pool, scope, batch_id))


def _reply(batch: batches.Batch) -> BatchReply:
    return BatchReply(state=batch.state, **vars(batch))
