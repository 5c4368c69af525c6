"""What routes are given: the engine, and the scope of whoever asks."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.access import Scope, authenticate
from serving.engine import Engine

_bearer = HTTPBearer(auto_error=False, description="An API key: `regesta keys create NAME` makes one.")


def engine_of(request: Request) -> Engine:
    """Return the engine this worker started with."""
    return cast(Engine, request.app.state.engine)


EngineDep = Annotated[Engine, Depends(engine_of)]


async def scope_of(
    engine: EngineDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Scope:
    """Return the caller's scope, or answer 401."""
    return await authenticate(engine.pool, credentials.credentials if credentials else None)


ScopeDep = Annotated[Scope, Depends(scope_of)]
