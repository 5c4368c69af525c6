"""A small client of the serving API: what the commands that ask, rate and trace speak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx

from regesta.stack.errors import StackError


class ApiError(StackError):
    """The serving API refused a request or could not be reached."""


class ApiClient:
    """Talks to one serving API with one key."""

    def __init__(self, base_url: str, key: str | None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._base_url = base_url
        self._http = httpx.Client(
            base_url=base_url, headers=headers, timeout=httpx.Timeout(60.0, connect=3.0), trust_env=False
        )

    def search(
        self, query: str, top_k: int, mode: str, filters: dict[str, Any], as_of: str | None = None
    ) -> dict[str, Any]:
        """Return the passages found for a query."""
        body = {"query": query, "top_k": top_k, "mode": mode, "filters": filters, "as_of": as_of}
        with self._request("/v1/search", body) as response:
            reply: dict[str, Any] = json.loads(response.read())
        return reply

    def answer(self, question: str, filters: dict[str, Any] | None = None, as_of: str | None = None) -> dict[str, Any]:
        """Return a finished answer with its citations."""
        with self._request("/v1/ask", {"question": question, "filters": filters or {}, "as_of": as_of}) as response:
            reply: dict[str, Any] = json.loads(response.read())
        return reply

    def ask(
        self, question: str, filters: dict[str, Any] | None = None, as_of: str | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the events of an answer as they arrive: kind and data."""
        body = {"question": question, "stream": True, "filters": filters or {}, "as_of": as_of}
        kind = "message"
        with self._request("/v1/ask", body) as response:
            for line in response.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and line != "data: [DONE]":
                    yield kind, json.loads(line.removeprefix("data: "))

    def get(self, path: str) -> dict[str, Any]:
        """Return what lies at a path."""
        with self._request(path) as response:
            reply: dict[str, Any] = json.loads(response.read())
        return reply

    def lines(self, path: str) -> Iterator[str]:
        """Yield the lines of what lies at a path as they arrive."""
        with self._request(path) as response:
            yield from response.iter_lines()

    def post(self, path: str, body: dict[str, Any] | bytes, content_type: str = "application/json") -> dict[str, Any]:
        """Send a body and return the reply."""
        with self._request(path, body, content_type) as response:
            reply: dict[str, Any] = json.loads(response.read())
        return reply

    def _request(
        self, path: str, body: dict[str, Any] | bytes | None = None, content_type: str = "application/json"
    ) -> _Response:
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        method, headers = ("GET", {}) if data is None else ("POST", {"Content-Type": content_type})
        return _Response(self._base_url, self._http.stream(method, path, content=data, headers=headers))


class _Response:
    """A response whose failure is one readable error."""

    def __init__(self, base_url: str, stream: AbstractContextManager[httpx.Response]) -> None:
        self._where, self._stream = base_url, stream

    def __enter__(self) -> httpx.Response:
        try:
            response = self._stream.__enter__()
        except httpx.TransportError as error:
            raise ApiError(f"Cannot reach the API at {self._where}: {error}. Start it with `make up`.") from error
        if response.is_error:
            response.read()
            raise ApiError(_detail(response))
        return response

    def __exit__(self, *exception: Any) -> None:
        self._stream.__exit__(*exception)


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
        return f"{problem['title']} ({response.status_code}): {problem['detail']}"
    except (ValueError, KeyError):
        return f"The API answered {response.status_code}: {response.text[:300]}"
