"""What an action did, carried over the redirect that follows it, so that reloading the page repeats nothing.

It travels in a cookie, not in the address: a link from elsewhere cannot make the page claim something happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from regesta_page.access import Action
from regesta_page.rendering import HEADERS, root

COOKIE = "regesta_outcome"
_SECONDS = 60


def redirect(request: Request, document_id: UUID, action: Action) -> RedirectResponse:
    """Lead back to the document, whose page then says what was done."""
    path = f"{root(request)}/documents/{document_id}"
    answer = RedirectResponse(path, 303, headers=HEADERS)
    answer.set_cookie(COOKIE, action, path=path, max_age=_SECONDS, samesite="strict", httponly=True)
    return answer


def take_outcome(request: Request, document_id: UUID) -> tuple[str | None, Callable[[Response], None]]:
    """Return what was just done to this document, if anything, and how to forget it with the answer."""
    found = request.cookies.get(COOKIE)
    if found not in get_args(Action):
        return None, lambda answer: None
    path = f"{root(request)}/documents/{document_id}"
    return found, lambda answer: answer.delete_cookie(COOKIE, path=path, samesite="strict", httponly=True)
