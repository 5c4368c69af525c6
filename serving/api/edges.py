"""What holds for every request, before and after its route: how large it may be, how many are left, when it is cut."""

from __future__ import annotations

import asyncio

import structlog
from sse_starlette.sse import SendTimeoutError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import Scope as Caller
from serving.limits import minute_seconds_left

log = structlog.get_logger(__name__)


class BodyLimitMiddleware:
    """Stops reading a body at a number of bytes and answers 413, whether its length was announced or not."""

    def __init__(self, app: ASGIApp, byte_limit: int) -> None:
        self.app = app
        self.byte_limit = byte_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.byte_limit:
                raise HTTPException(413, f"A request may have {self.byte_limit} bytes.")
            return message

        await self.app(scope, limited if scope["type"] == "http" else receive, send)


class RateHeadersMiddleware:
    """Tells callers how many requests their key has left in this minute (IETF draft `ratelimit-headers`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def told(message: Message) -> None:
            caller = scope.get("state", {}).get("caller")
            if message["type"] == "http.response.start" and caller is not None:
                message["headers"] = [*message["headers"], *_rate(caller)]
            await send(message)

        await self.app(scope, receive, told if scope["type"] == "http" else send)


class CutOffMiddleware:
    """Drops the connection of a reader who takes nothing any more: closing it would wait until all was taken."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        try:
            await self.app(scope, receive, send)
        except SendTimeoutError:
            # ASGI has no word for this, so uvicorn's own connection is reached for; another server closes as it does.
            transport = getattr(getattr(receive, "__self__", None), "transport", None)
            if transport is None:
                raise
            transport.abort()
            await asyncio.sleep(0)  # the server learns of it before it looks for the end of the response
            log.warning("reader_cut_off", path=scope["path"])


def _rate(caller: Caller) -> list[tuple[bytes, bytes]]:
    limit = caller.limits.requests_per_minute
    left = max(0, limit - caller.minute_requests)
    return [
        (b"ratelimit-policy", b'"requests";q=%d;w=60' % limit),
        (b"ratelimit", b'"requests";r=%d;t=%d' % (left, minute_seconds_left())),
    ]
