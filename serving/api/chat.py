"""`/v1/chat/completions` and `/v1/models`: the same answers for programs that speak OpenAI's protocol."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sse_starlette import ServerSentEvent

from serving.api.deps import AnswerScope, AskScope, EngineDep
from serving.api.problems import PROBLEMS, STOPPED
from serving.api.schemas import Text
from serving.api.streaming import DONE, Events, collected, streamed, unless_left
from serving.prompt import Turn
from serving.questions import Asked

MODEL = "regesta"
router = APIRouter(tags=["OpenAI-compatible"], responses=PROBLEMS)
_CHUNKS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"example": "data: [DONE]\n\n"}}}}


class Part(BaseModel):
    """A piece of a message; only text is read."""

    type: Literal["text"]
    text: Text


class Message(BaseModel):
    """One turn; a `system` message is not followed, because answers come from documents alone."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | list[Part]

    def text(self) -> str:
        """Return what it says."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class ChatBody(BaseModel):
    """A conversation; parameters of sampling are accepted and have no effect."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(default=MODEL, max_length=100)
    messages: list[Message] = Field(
        min_length=1, max_length=100,
        examples=[[{"role": "user", "content": "How many wrong passwords lock an account?"}]],
    )  # fmt: skip
    stream: bool = False

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> ChatBody:
        if self.messages[-1].role != "user":
            raise ValueError("the last message must be the user's")
        return self

    def history(self) -> list[Turn]:
        """Return the turns before the question."""
        return [Turn(m.role, m.text()) for m in self.messages[:-1] if m.role == "user" or m.role == "assistant"]


class Model(BaseModel):
    """One model that can be asked for."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class Models(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/v1/models")
async def models(_: AskScope) -> Models:
    """List what `model` may be: there is one, and the platform chooses what writes."""
    return Models(data=[Model(id=MODEL)])


@router.post("/v1/chat/completions", response_model=dict[str, Any], responses={**_CHUNKS, **STOPPED})
async def complete(body: ChatBody, request: Request, engine: EngineDep, scope: AnswerScope) -> Response:
    """Answer the last message of a conversation; `citations` names the sources as an extra field."""
    asked = await unless_left(request, engine.ask(scope, body.messages[-1].text(), history=body.history()))
    events = engine.answer(asked)
    if body.stream:
        return streamed(_chunks(asked, events))
    reply = await unless_left(request, collected(events, asked.timings))
    choice = {"index": 0, "message": {"role": "assistant", "content": reply.answer}, "finish_reason": "stop"}
    cited = [source.model_dump(mode="json") for source in reply.citations]
    return JSONResponse(
        {**_envelope(asked, "chat.completion"), "choices": [choice], "usage": _usage(reply.usage), "citations": cited}
    )


async def _chunks(asked: Asked, events: Events) -> AsyncGenerator[ServerSentEvent, None]:
    envelope, usage, error = _envelope(asked, "chat.completion.chunk"), _usage({}), None
    yield _chunk(envelope, {"role": "assistant", "content": ""})
    async with aclosing(events):
        async for event in events:
            if event.kind == "token":
                yield _chunk(envelope, {"content": event.data["text"]})
            elif event.kind == "usage":
                usage = _usage(event.data)
            elif event.kind == "error":
                error = {"message": event.data["detail"], "type": event.data["type"], "param": None, "code": None}
            elif event.kind == "done" and error is None:
                citations = event.data["citations"]
                yield _chunk({**envelope, "usage": usage, "citations": citations}, {}, "stop")
    if error is not None:
        yield _data({"error": error})
    yield DONE


def _chunk(envelope: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None) -> ServerSentEvent:
    return _data({**envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})


def _data(value: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(value, ensure_ascii=False, default=str), sep="\n")


def _envelope(asked: Asked, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{asked.id}", "object": kind, "created": int(time.time()), "model": MODEL}


def _usage(used: dict[str, Any]) -> dict[str, int]:
    read, written = int(used.get("input_tokens", 0)), int(used.get("output_tokens", 0))
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
