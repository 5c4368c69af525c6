"""Prometheus metrics of the API, by route and not by raw path, so that their number stays bounded."""

from __future__ import annotations

import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter("regesta_http_requests_total", "Requests answered.", ["route", "method", "status"])
LATENCY = Histogram("regesta_http_request_seconds", "Seconds until the response begins.", ["route", "method"])


class MetricsMiddleware:
    """Counts requests and measures the time to their first byte; streams are not held up."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unmatched")
                LATENCY.labels(route, scope["method"]).observe(time.perf_counter() - started)
                REQUESTS.labels(route, scope["method"], message["status"]).inc()
            await send(message)

        await self.app(scope, receive, measured)
