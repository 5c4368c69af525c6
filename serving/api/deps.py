"""What routes are given: the engine, and the scope of whoever asks, when it may do what the route does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.access import Permission, Scope, authenticate
from serving.engine import Engine
from serving.limits import Limiter, check_rate

_bearer = HTTPBearer(auto_error=False, description="An API key: `regesta keys create NAME` makes one.")


async def engine_of(request: Request) -> Engine:
    """Return the engine this worker started with; async, as all of these are, for others run in a thread."""
    return cast(Engine, request.app.state.engine)


async def limits_of(request: Request) -> Limiter:
    """Return what counts running answers and tokens."""
    return cast(Limiter, request.app.state.limits)


EngineDep = Annotated[Engine, Depends(engine_of)]
LimitsDep = Annotated[Limiter, Depends(limits_of)]


async def authenticated(request: Request) -> Scope:
    """Return the caller's scope, looked up and counted once per request, or answer 401 or 429."""
    known: Scope | None = getattr(request.state, "caller", None)
    if known is None:
        credentials = await _bearer(request)
        defaults = request.app.state.settings.limits()
        pool = (await engine_of(request)).pool
        known = await authenticate(pool, credentials.credentials if credentials else None, defaults)
        request.state.caller = known
    check_rate(known)
    return known


async def scope_of(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Scope:
    """Return the caller's scope, whatever the key may do."""
    return await authenticated(request)


ScopeDep = Annotated[Scope, Depends(scope_of)]


def require(permission: Permission) -> Callable[[Scope], Awaitable[Scope]]:
    """Return a dependency that gives the caller's scope, or answers 403 when the key may not do this."""

    async def allowed(scope: ScopeDep) -> Scope:
        scope.require(permission)
        return scope

    return allowed


AskScope = Annotated[Scope, Depends(require("ask"))]
SearchScope = Annotated[Scope, Depends(require("search"))]
ReadScope = Annotated[Scope, Depends(require("documents:read"))]
WriteScope = Annotated[Scope, Depends(require("documents:write"))]
FeedbackScope = Annotated[Scope, Depends(require("feedback"))]
BatchScope = Annotated[Scope, Depends(require("batches"))]


async def answering(scope: AskScope, limits: LimitsDep) -> AsyncIterator[Scope]:
    """Give the caller's scope, and count an answer as running until all of the response is sent, or answer 429."""
    async with limits.stream(scope):
        yield scope


AnswerScope = Annotated[Scope, Depends(answering)]
"""For routes that answer: the key may ask, has tokens left, and one more answer may run."""
