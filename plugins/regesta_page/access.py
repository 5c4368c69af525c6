"""Who may see and press what. Airflow does not guard the routes of a plugin, so every one depends on this module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_access_view
from fastapi import Depends, HTTPException, Request, status

Action = Literal["restore", "unpin", "retry", "release"]
"""What can be done to a document: serve a version, end its pin, try a quarantined one again, let it pass."""
Check = Callable[[Request, BaseUser], None]

_view: Check = requires_access_view(AccessView.PLUGINS)
# A button asks for the right to trigger the DAG that does, or would do, the same.
_restore: Check = requires_access_dag("POST", DagAccessEntity.RUN, "restore_versions")
_sync: Check = requires_access_dag("POST", DagAccessEntity.RUN, "sync_sources")
_CHECKS: dict[Action, Check] = {"restore": _restore, "unpin": _restore, "retry": _sync, "release": _sync}


@dataclass(frozen=True)
class Visitor:
    """The signed-in user: the name that is stored as the actor, and the actions that are open to it."""

    name: str
    actions: frozenset[Action]


def visitor(request: Request, user: GetUserDep) -> Visitor:
    """Return the signed-in user, who may see plugin pages; anybody else gets 401 or 403."""
    _view(request, user)
    allowed = {check: _passes(check, request, user) for check in set(_CHECKS.values())}
    return Visitor(user.get_name(), frozenset(action for action, check in _CHECKS.items() if allowed[check]))


VisitorDep = Annotated[Visitor, Depends(visitor)]


def actor(action: Action, visitor: VisitorDep) -> Visitor:
    """Return the signed-in user, who may do what the path names; anybody else gets 403."""
    if action not in visitor.actions:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Forbidden")
    return visitor


ActorDep = Annotated[Visitor, Depends(actor)]


def same_origin(request: Request) -> None:
    """Refuse a form that was not sent by a page of this very origin.

    Airflow's session cookie is SameSite=Lax, which keeps out other sites but neither other ports nor other
    subdomains. Browsers send Sec-Fetch-Site over https and to localhost, and Origin with every form; a request
    with neither comes from no browser we know and is refused.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is not None and _host(origin) == request.headers.get("host"):
        return
    if site != "same-origin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "The form came from another site.")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _passes(check: Check, request: Request, user: BaseUser) -> bool:
    try:
        check(request, user)
    except HTTPException:
        return False
    return True
