"""The least a stream costs here: a bare StreamingResponse of as many events, without and with a model behind it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator

from anthropic import AsyncAnthropic, Timeout
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


def create_app() -> Starlette:
    """Return an app that streams words by a clock (`/timed`) or from the model (`/relayed`)."""
    client = AsyncAnthropic(
        api_key="bench", base_url=os.environ["REGESTA_ANTHROPIC_BASE_URL"], max_retries=0, timeout=Timeout(None)
    )

    async def timed(request: Request) -> Response:
        pace = await request.json()
        return StreamingResponse(_words(pace["words"], pace["per_second"]), media_type="text/event-stream")

    async def relayed(_: Request) -> Response:
        return StreamingResponse(_relayed(client), media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/health/live", lambda _: PlainTextResponse("ok")),
            Route("/timed", timed, methods=["POST"]),
            Route("/relayed", relayed, methods=["POST"]),
        ]
    )


async def _words(count: int, per_second: float) -> AsyncIterator[bytes]:
    now = asyncio.get_running_loop().time
    began = now()
    for number in range(count):
        await asyncio.sleep(began + number / per_second - now())
        yield _event("word ")


async def _relayed(client: AsyncAnthropic) -> AsyncIterator[bytes]:
    upstream = await client.messages.create(
        model="bench", max_tokens=1024, messages=[{"role": "user", "content": "?"}], stream=True
    )
    async with upstream:
        async for event in upstream:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                yield _event(event.delta.text)


def _event(text: str) -> bytes:
    return f"event: token\ndata: {json.dumps({'text': text})}\n\n".encode()
