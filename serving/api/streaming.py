"""How an answer's events become a response: an event stream that can be resumed, bare tokens, or one document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar
from uuid import UUID

import anyio
from fastapi import Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from serving.api.schemas import AnswerReply
from serving.errors import CallerLeft, GeneratorUnavailable, NotFound, ServingError, ShuttingDown, Stopped
from serving.events import Event

HEARTBEAT_SECONDS = 15
SEND_TIMEOUT_SECONDS = 10.0
"""A reader that takes nothing for so long is cut off."""
SHUTDOWN_SECONDS = 4.0
LOOK_SECONDS = 0.2
"""How often is looked whether somebody still waits for what has not begun to be sent."""
DONE = ServerSentEvent("[DONE]", sep="\n")
Events = AsyncGenerator[Event, None]
Reply = TypeVar("Reply")
_HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}


def streamed(events: AsyncGenerator[ServerSentEvent, None]) -> Response:
    """Return a response that sends events as they come; whoever leaves or stops reading lets go of them at once."""
    return EventSourceResponse(
        events, ping=HEARTBEAT_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS, headers=_HEADERS, sep="\n",
        shutdown_event=anyio.Event(), shutdown_grace_period=SHUTDOWN_SECONDS,
    )  # fmt: skip


async def typed(answer_id: UUID, events: Events) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield events with their kind and an id to go on from, then `[DONE]`."""
    async with aclosing(events):
        async for event in events:
            yield ServerSentEvent(event.json(), event=event.kind, id=f"{answer_id}/{event.number}", sep="\n")
    yield DONE


async def bare(events: Events) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield nothing but the text, then `[DONE]`; an error comes as an event of that name."""
    async with aclosing(events):
        async for event in events:
            if event.kind == "token":
                yield ServerSentEvent(event.data["text"], sep="\n")
            elif event.kind == "error":
                yield ServerSentEvent(str(event.data["detail"]), event="error", sep="\n")
    yield DONE


async def collected(events: Events, timings: dict[str, float]) -> AnswerReply:
    """Read an answer to its end and return it as one reply; an error event becomes the HTTP error it is."""
    reply: dict[str, Any] = {"answer": "", "usage": {}, "timings": timings}
    async with aclosing(events):
        async for event in events:
            if event.kind == "meta":
                reply.update(event.data)
            elif event.kind == "token":
                reply["answer"] += event.data["text"]
            elif event.kind == "usage":
                reply["usage"] = {name: count for name, count in event.data.items() if name != "cost"}
                reply["cost"] = event.data["cost"]
            elif event.kind == "error":
                raise _error(event)
            elif event.kind == "done":
                reply["citations"] = event.data["citations"]
    return AnswerReply(**reply)


def _error(event: Event) -> ServingError:
    kind, detail = event.data["type"], event.data["detail"]
    if kind == ShuttingDown.slug:
        return ShuttingDown(detail, retry_after=1)
    if kind == Stopped.slug:
        return Stopped(detail)
    if kind == ServingError.slug:
        return ServingError(detail)
    return GeneratorUnavailable(detail)


async def unless_left(request: Request, work: Coroutine[Any, Any, Reply]) -> Reply:
    """Return what `work` returns; cancel it when the caller hangs up, so that the model stops too.

    Raises:
        CallerLeft: There is nobody to answer any more.
    """
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if await request.is_disconnected():
                raise CallerLeft("The caller hung up before the answer was finished.")
        return task.result()
    finally:
        task.cancel()


def parse_event_id(value: str) -> tuple[UUID, int]:
    """Return the answer and the number in an id such as `0197…/12`.

    Raises:
        NotFound: It is none of ours.
    """
    answer, _, number = value.partition("/")
    try:
        return UUID(answer), max(int(number or 0), 0)
    except ValueError as error:
        raise NotFound(f"{value[:80]!r} is no id of an event of ours.") from error
