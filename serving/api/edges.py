"""What holds for every request, before and after its route: how large it may be, and how many are left."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access import Scope as Caller
from serving.limits import minute_seconds_left


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


def _rate(caller: Caller) -> list[tuple[bytes, bytes]]:
    limit = caller.limits.requests_per_minute
    left = max(0, limit - caller.minute_requests)
    return [
        (b"ratelimit-policy", b'"requests";q=%d;w=60' % limit),
        (b"ratelimit", b'"requests";r=%d;t=%d' % (left, minute_seconds_left())),
    ]
