"""The page's app: its routes by topic, and what is shown when something goes wrong.

Airflow does not guard plugin routes, so every route asks for a signed-in user itself (`regesta_page.access`).
"""

from __future__ import annotations

import logging

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from corpus.database import DatabaseUnavailable
from ingestion.errors import IngestionError
from regesta_page import actions, documents, overview
from regesta_page.rendering import page

log = logging.getLogger(__name__)

app = FastAPI(title="Regesta", docs_url=None, redoc_url=None, openapi_url=None)
for topic in (overview, documents, actions):
    app.include_router(topic.router)


@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException) -> HTMLResponse:
    """Say why there is nothing to see: signed out, not allowed, not there."""
    known = {401: "signed_out", 403: "forbidden", 404: "not_found"}
    return _message(request, error.status_code, known.get(error.status_code, "refused"))


@app.exception_handler(RequestValidationError)
async def misunderstood(request: Request, error: RequestValidationError) -> HTMLResponse:
    """Say that the address or a field makes no sense."""
    fields = ", ".join(str(problem["loc"][-1]) for problem in error.errors())
    return _message(request, 400, "refused", fields)


@app.exception_handler(IngestionError)
async def not_done(request: Request, error: IngestionError) -> HTMLResponse:
    """Say why an action could not be done; nothing has changed."""
    return _message(request, 409, "not_done", str(error))


@app.exception_handler(psycopg.errors.LockNotAvailable)
async def busy(request: Request, error: psycopg.Error) -> HTMLResponse:
    """Say that a run is publishing; nothing has changed."""
    return _message(request, 503, "busy")


@app.exception_handler(psycopg.Error)
@app.exception_handler(DatabaseUnavailable)
async def unavailable(request: Request, error: Exception) -> HTMLResponse:
    """Say that the database does not answer as it should; nothing has changed."""
    log.error("The Regesta page could not read the database.", exc_info=error)
    return _message(request, 503, "unavailable", str(error).partition("\n")[0])


def _message(request: Request, status: int, title: str, detail: str = "") -> HTMLResponse:
    # The document of an action that failed is there; one that was not found is not.
    document_id = request.path_params.get("document_id") if status in (409, 503) else None
    return page(request, "message.html", status, title=title, detail=detail, document_id=document_id)
