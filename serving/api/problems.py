"""Errors as RFC 9457 problem documents, mapped to HTTP in this one place."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from serving.errors import ServingError

log = structlog.get_logger(__name__)


def problem(request: Request, status: int, slug: str, title: str, detail: str, **more: Any) -> JSONResponse:
    """Return one problem document."""
    body = {
        "type": f"urn:regesta:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **more,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(ServingError)
    async def on_serving_error(request: Request, error: ServingError) -> JSONResponse:
        return problem(request, error.status, error.slug, error.title, str(error))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_field_error(entry) for entry in error.errors()]
        named = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors)
        return problem(request, 422, "invalid-request", "The request is not valid", named, errors=errors)

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        slug = title.lower().replace(" ", "-")
        return problem(request, error.status_code, slug, title, str(error.detail))

    @app.exception_handler(Exception)
    async def on_anything(request: Request, error: Exception) -> JSONResponse:
        log.exception("request_failed", path=request.url.path)
        return problem(
            request, 500, ServingError.slug, ServingError.title, "The log has the details under this path and time."
        )


def _field_error(entry: dict[str, Any]) -> dict[str, str]:
    if entry["type"] == "json_invalid":
        why = entry.get("ctx", {}).get("error", "not JSON")
        return {"field": "body", "message": f"malformed JSON at character {entry['loc'][-1]}: {why}"}
    return {"field": ".".join(str(part) for part in entry["loc"][1:]) or "body", "message": entry["msg"]}
