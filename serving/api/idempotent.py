"""Routes whose writes can be repeated with an `Idempotency-Key`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from serving.api.deps import authenticated, engine_of
from serving.idempotency import Reply, once, write

HEADER = "Idempotency-Key"
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_KEPT_HEADERS = ("content-type", "location")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias=HEADER, min_length=1, max_length=255,
            description="A name for this write. Sent again within 24 h, it does nothing and gets the same reply, "
            "with `Idempotent-Replayed: true`.",
        ),
    ] = None,
) -> str | None:  # fmt: skip
    """Return the name of a write; it is here to be documented, the route itself reads it."""
    return key


class IdempotentRoute(APIRoute):
    """A route class for routers that write: `APIRouter(route_class=IdempotentRoute)`. Reads stay as they are."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._is_write = bool(_WRITES & set(options.get("methods") or ()))
        if self._is_write:
            options["dependencies"] = [*(options.get("dependencies") or ()), Depends(idempotency_key)]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        handle = super().get_route_handler()
        return _repeatable(handle) if self._is_write else handle


def _repeatable(handle: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return await handle(request)
        scope = await authenticated(request)
        url = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        body = await request.body()  # kept by the request, so that the route finds it too
        named = write(key, request.method, url, body, request.headers.get("content-type", ""))

        async def act() -> Reply:
            return _reply(await handle(request))

        reply, is_repetition = await once((await engine_of(request)).pool, scope, named, act)
        headers = {**reply.headers, "Idempotent-Replayed": "true"} if is_repetition else dict(reply.headers)
        return Response(reply.body, reply.status, headers)

    return answer


def _reply(response: Response) -> Reply:
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Reply(response.status_code, bytes(response.body), kept)
