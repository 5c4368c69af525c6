"""The buttons of a document. Each has two steps: a page that says what will happen, and the form that does it.

The page lies in a frame in which a browser opens no dialogue, so the question is a page of its own.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any
from uuid import UUID

import psycopg
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from regesta_page.access import Action, ActorDep, same_origin
from regesta_page.database import connection
from regesta_page.documents import read
from regesta_page.outcome import redirect
from regesta_page.rendering import page

log = logging.getLogger(__name__)
router = APIRouter(prefix="/documents/{document_id}")
MAX_REASON = 500
WITH_REASON = ("restore", "release")
"""Actions whose reason is stored beside the actor."""


@router.get("/{action}", response_class=HTMLResponse)
def ask(
    request: Request, actor: ActorDep, document_id: UUID, action: Action,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> HTMLResponse:  # fmt: skip
    """Say what an action will do, and ask for a reason where one is stored."""
    with connection() as opened:
        shown = read(opened, document_id, version)
    described = shown["described"]
    if described is None or (action == "restore" and described["number"] != version):
        raise HTTPException(404)
    return page(
        request, "confirm.html", visitor=actor, action=action, version=version, max_reason=MAX_REASON,
        asks_reason=action in WITH_REASON, **shown,
    )  # fmt: skip


@router.post("/{action}", dependencies=[Depends(same_origin)])
def act(
    request: Request, actor: ActorDep, document_id: UUID, action: Action,
    version: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
    reason: Annotated[str, Form(max_length=MAX_REASON)] = "",
) -> RedirectResponse:  # fmt: skip
    """Do it under the user's name, and lead back to the document."""
    reason = " ".join(reason.replace("\0", "").split())
    if (action in WITH_REASON and not reason) or (action == "restore" and version is None):
        raise HTTPException(400)
    with connection() as opened:
        _do(opened, action, document_id, version, actor.name, reason)
    log.info("%s did %s on document %s, version %s: %s", actor.name, action, document_id, version, reason)
    return redirect(request, document_id, action)


def _do(
    opened: psycopg.Connection[Any], action: Action, document_id: UUID, version: int | None, actor: str, reason: str
) -> None:
    from ingestion import quarantine, versions

    match action:
        case "restore":
            versions.restore_document(opened, document_id, version, actor, reason)
        case "unpin":
            versions.release(opened, document_id, actor)
        case "retry":
            quarantine.retry(opened, str(document_id))
        case "release":
            quarantine.release(opened, str(document_id), actor, reason)
