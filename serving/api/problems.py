"""Errors as RFC 9457 problem documents, mapped to HTTP in this one place."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from serving.api.schemas import Problem
from serving.errors import ServingError

log = structlog.get_logger(__name__)

_DESCRIPTIONS = {
    400: "The body could not be read",
    401: "No valid key",
    403: "The key lacks the scope",
    404: "Nothing there that the key may see",
    409: "It contradicts what is there or at work",
    413: "Too large",
    415: "Not a kind of file that can be taken",
    422: "The request is not valid",
    429: "A limit of the key is reached",
    502: "The language model did not answer",
    503: "The database or a model cannot be used now, or this server is being stopped",
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


def documented(*statuses: int, description: str | None = None) -> dict[int | str, dict[str, Any]]:
    """Return how the OpenAPI document says that a route may answer with these problems.

    Args:
        description: What they mean for this route, where that is more than the status tells.
    """
    return {
        status: {
            "description": description or _DESCRIPTIONS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": _RETRY_AFTER} if status == 429 else {}),
        }
        for status in statuses
    }


PROBLEMS = documented(*_DESCRIPTIONS)
"""What any route that needs a key may answer instead, for `responses=`."""
STOPPED = documented(409, description="The answer was stopped on request before it was finished (`stopped`)")
"""What a route that waits for a whole answer may answer instead, beside those."""


def problem(
    request: Request, status: int, slug: str, title: str, detail: str, retry_after: int | None = None, **more: Any
) -> JSONResponse:
    """Return one problem document."""
    body = {
        "type": f"urn:regesta:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **more,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if request.url.path.startswith("/v1/chat/"):  # where clients look for OpenAI's form
        body["error"] = {"message": detail, "type": slug, "param": None, "code": None}
        if status == 409:  # to them a lock that is worth trying again
            headers["X-Should-Retry"] = "false"
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Register the handlers, and the form of a problem in the OpenAPI document."""
    _describe(app)

    @app.exception_handler(ServingError)
    async def on_serving_error(request: Request, error: ServingError) -> JSONResponse:
        return problem(request, error.status, error.slug, error.title, str(error), error.retry_after)

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


def _describe(app: FastAPI) -> None:
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _field_error(entry: dict[str, Any]) -> dict[str, str]:
    if entry["type"] == "json_invalid":
        why = entry.get("ctx", {}).get("error", "not JSON")
        return {"field": "body", "message": f"malformed JSON at character {entry['loc'][-1]}: {why}"}
    return {"field": ".".join(str(part) for part in entry["loc"][1:]) or "body", "message": entry["msg"]}
