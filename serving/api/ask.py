"""`/v1/ask`, `/v1/search` and the plain `/ask`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from serving.api.deps import EngineDep, ScopeDep
from serving.api.schemas import AnswerReply, AskBody, HitReply, PlainAskBody, Problem, SearchBody, SearchReply
from serving.engine import Asked, Engine
from serving.errors import GeneratorUnavailable
from serving.events import Event

HEARTBEAT_SECONDS = 15
SEND_TIMEOUT_SECONDS = 10
_STREAM_HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {"application/problem+json": {}}} for status in (401, 404, 422, 502, 503)
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"example": 'event: token\ndata: {"text": "Eight"}\n\ndata: [DONE]\n\n'}}}
}

router = APIRouter(tags=["answers"], responses=PROBLEMS)


@router.post("/v1/search")
async def search(body: SearchBody, engine: EngineDep, scope: ScopeDep) -> SearchReply:
    """Find passages: full text and vectors in one statement, under the key's rights."""
    asked = await engine.search(scope, body.query, body.top_k, body.mode, body.filters.to_filters(body.as_of))
    hits = [HitReply(**asdict(hit)) for hit in asked.hits]
    return SearchReply(query_id=asked.id, mode=asked.mode, hits=hits, timings=asked.timings)


@router.post("/v1/ask", response_model=AnswerReply, responses=_STREAM)
async def ask(body: AskBody, request: Request, engine: EngineDep, scope: ScopeDep) -> Response:
    """Answer a question with citations: as events when asked to stream, else as one JSON document.

    Events: `meta`, `sources`, `token` …, `usage`, perhaps `error`, `done`, then `data: [DONE]`.
    """
    asked = await engine.ask(scope, body.question, body.filters.to_filters(body.as_of), body.top_k)
    if body.stream or "text/event-stream" in request.headers.get("accept", ""):
        return _streamed(_events(engine, asked))
    return JSONResponse((await collect(engine, asked)).model_dump(mode="json"))


@router.post("/ask", response_class=EventSourceResponse, responses=_STREAM)
async def ask_plainly(body: PlainAskBody, engine: EngineDep, scope: ScopeDep) -> Response:
    """Answer a question as bare tokens: `data: <token>` lines, then `data: [DONE]`."""
    asked = await engine.ask(scope, body.question)
    return _streamed(_tokens(engine, asked))


async def collect(engine: Engine, asked: Asked) -> AnswerReply:
    """Read a stream to its end and return it as one reply; an error event becomes the HTTP error it is."""
    reply: dict[str, Any] = {"answer": "", "usage": {}, "timings": asked.timings}
    async for event in engine.answer(asked):
        if event.kind == "meta":
            reply.update(event.data)
        elif event.kind == "token":
            reply["answer"] += event.data["text"]
        elif event.kind == "usage":
            reply["usage"] = event.data
        elif event.kind == "error":
            raise GeneratorUnavailable(event.data["detail"])
        elif event.kind == "done":
            reply["citations"] = event.data["citations"]
    return AnswerReply(**reply)


def _streamed(events: AsyncIterator[ServerSentEvent]) -> Response:
    return EventSourceResponse(
        events, ping=HEARTBEAT_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS, headers=_STREAM_HEADERS, sep="\n"
    )


async def _events(engine: Engine, asked: Asked) -> AsyncIterator[ServerSentEvent]:
    number = 0
    async for event in engine.answer(asked):
        number += 1
        yield ServerSentEvent(event.json(), event=event.kind, id=f"{asked.id}/{number}", sep="\n")
    yield ServerSentEvent("[DONE]", sep="\n")


async def _tokens(engine: Engine, asked: Asked) -> AsyncIterator[ServerSentEvent]:
    async for event in engine.answer(asked):
        if event.kind == "token":
            yield ServerSentEvent(event.data["text"], sep="\n")
        elif event.kind == "error":
            yield ServerSentEvent(_plain(event), event="error", sep="\n")
    yield ServerSentEvent("[DONE]", sep="\n")


def _plain(event: Event) -> str:
    return str(event.data["detail"])
