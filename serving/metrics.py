"""Prometheus metrics of the API, by route and not by raw path, so that their number stays bounded."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter("regesta_http_requests_total", "Requests answered.", ["route", "method", "status"])
LATENCY = Histogram("regesta_http_request_seconds", "Seconds until the response begins.", ["route", "method"])
ANSWERS = Counter(
    "regesta_answers_total", "Answers finished; degraded holds the reason or no.", ["generator", "tier", "degraded"]
)
TOKENS = Counter("regesta_answer_tokens_total", "Tokens read (input, cached) and written (output).", ["model", "kind"])
COST = Counter("regesta_answer_cost_total", "Cost of answers, in the currency of the prices that are set.", ["model"])
REMOVED_CITATIONS = Counter(
    "regesta_removed_citations_total", "Citations of passages that were not given.", ["generator"]
)
BREAKER = Gauge("regesta_generator_breaker", "Circuit breaker: 0 closed, 1 half-open, 2 open.", ["generator"])
STREAMS = Gauge("regesta_streams", "Answers being written now.")
FIRST_TOKEN = Histogram("regesta_first_token_seconds", "Seconds from question to first token.", ["cache"])
COMPONENTS = Histogram("regesta_component_seconds", "Seconds a component took of a question.", ["component"])
CACHE = Counter("regesta_cache_decisions_total", "What the cache of answers said.", ["state"])
JOURNAL_QUEUE = Gauge("regesta_journal_queue", "Rows of the query log that wait to be written.")
JOURNAL_LOST = Counter("regesta_journal_lost_total", "Rows of the query log that could not be written.")
POOL = Gauge("regesta_pool_connections", "Database connections: idle, used, and requests waiting for one.", ["state"])

REPLICA_SEARCHES = Counter("regesta_replica_searches_total", "Searches that the read replica did.")
REPLICA_FALLBACKS = Counter(
    "regesta_replica_fallbacks_total", "Searches that the primary did in the place of the read replica.", ["reason"]
)
REPLICA_LAG = Gauge("regesta_replica_lag_seconds", "How far the read replica may be behind; +Inf when not known.")


def count_connections(stats: Mapping[str, int]) -> None:
    """Set the gauge of the pool.

    Args:
        stats: What psycopg_pool's `get_stats()` says; it leaves out what is zero.
    """
    size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
    POOL.labels("idle").set(idle)
    POOL.labels("used").set(size - idle)
    POOL.labels("waiting").set(stats.get("requests_waiting", 0))


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
