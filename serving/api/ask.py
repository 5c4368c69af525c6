"""`/v1/ask`, `/v1/search` and the plain `/ask`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from sse_starlette import EventSourceResponse

from serving.api.deps import AnswerScope, AskScope, EngineDep, SearchScope
from serving.api.problems import PROBLEMS, STOPPED
from serving.api.schemas import AnswerReply, AskBody, HitReply, PlainAskBody, SearchBody, SearchReply
from serving.api.streaming import bare, collected, parse_event_id, streamed, typed, unless_left
from serving.replaying import read_again

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"example": 'event: token\ndata: {"text": "Eight"}\n\ndata: [DONE]\n\n'}}}
}

LastEventId = Annotated[
    str | None,
    Header(description="Id of the last event that arrived.", max_length=80, pattern=r"^[0-9a-f-]{36}/[0-9]{1,9}$"),
]

router = APIRouter(tags=["answers"], responses=PROBLEMS)


@router.post("/v1/search")
async def search(body: SearchBody, engine: EngineDep, scope: SearchScope) -> SearchReply:
    """Find passages: full text and vectors in one statement, under the key's rights."""
    filters = body.filters.to_filters(body.as_of)
    asked = await engine.search(scope, body.query, body.top_k, body.mode, filters, body.neighbours)
    hits = [HitReply(**hit.as_row()) for hit in asked.hits]
    return SearchReply(query_id=asked.id, mode=asked.mode, hits=hits, timings=asked.timings)


@router.post("/v1/ask", response_model=AnswerReply, responses={**_STREAM, **STOPPED})
async def ask(
    body: AskBody,
    request: Request,
    engine: EngineDep,
    scope: AnswerScope,
    last_event_id: LastEventId = None,
) -> Response:
    """Answer a question with citations: as events when asked to stream, else as one JSON document.

    Events: `meta`, `sources`, `token` …, `usage`, perhaps `error`, `done`, then `data: [DONE]`. A later `meta` begins
    the answer anew: the model was down, and another way was found. Sent again with `Last-Event-ID`, the same answer
    goes on behind that event.
    """
    if last_event_id is not None:
        answer_id, after = parse_event_id(last_event_id)
        return streamed(typed(answer_id, await read_again(engine, scope, answer_id, after)))
    filters = body.filters.to_filters(body.as_of)
    asked = await unless_left(request, engine.ask(scope, body.question, filters, body.top_k))
    events = engine.answer(asked)
    if body.stream or "text/event-stream" in request.headers.get("accept", ""):
        return streamed(typed(asked.id, events))
    reply = await unless_left(request, collected(events, asked.timings))
    return JSONResponse(reply.model_dump(mode="json"))


@router.get("/v1/answers/{answer_id}/stream", response_class=EventSourceResponse, responses=_STREAM)
async def resume(answer_id: UUID, engine: EngineDep, scope: AskScope, last_event_id: LastEventId = None) -> Response:
    """Read an answer again, or go on reading it behind `Last-Event-ID`.

    The worker that wrote it remembers its events for minutes. After that, or from another worker, a finished answer
    comes from the log, whole and without passages, beginning with a `meta` event.
    """
    after = 0 if last_event_id is None else parse_event_id(last_event_id)[1]
    return streamed(typed(answer_id, await read_again(engine, scope, answer_id, after)))


@router.post("/v1/answers/{answer_id}/stop", status_code=204, response_class=Response)
async def stop(answer_id: UUID, engine: EngineDep, scope: AskScope) -> Response:
    """Stop an answer that is being written.

    Its stream ends in an `error` of type `stopped` and a `done`; who waits for a whole reply gets 409 `stopped`.
    """
    await engine.streams.stop(answer_id, scope)
    return Response(status_code=204)


@router.post("/ask", response_class=EventSourceResponse, responses=_STREAM)
async def ask_plainly(body: PlainAskBody, request: Request, engine: EngineDep, scope: AnswerScope) -> Response:
    """Answer a question as bare tokens: `data: <token>` lines, then `data: [DONE]`."""
    asked = await unless_left(request, engine.ask(scope, body.question))
    return streamed(bare(engine.answer(asked)))
