"""What is measured, as it is deployed: the API in a process of its own; beside it a bare app under the same server."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg

from bench.serving_upstream import Upstream
from corpus.database import conninfo
from regesta.stack.command import Command
from regesta.stack.health import http_problem
from regesta.stack.ports import free_port
from regesta.stack.services import services
from regesta.stack.settings_file import ensure_settings
from regesta.stack.waiting import wait_healthy
from serving.keys import create_key
from serving.settings import ServingSettings

APP, BARE = "serving.app:create_app", "bench.serving_bare:create_app"
SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running web server."""

    process: psutil.Process
    url: str

    def cpu_seconds(self) -> float:
        """Return the processor time it has taken."""
        times = self.process.cpu_times()
        return times.user + times.system


@contextmanager
def running(app: str, upstream: Upstream, folder: Path) -> Iterator[Server]:
    """Run the API, or the bare app, with the command of the stack, on a port of its own."""
    settings = ensure_settings().model_copy(update={"api_port": free_port()})
    command = services(settings)["serving"].command
    given = {
        "REGESTA_GENERATOR": "anthropic", "REGESTA_ANTHROPIC_API_KEY": "bench",
        "REGESTA_ANTHROPIC_BASE_URL": upstream.url,
    }  # fmt: skip
    command = replace(command, argv=_with(app, command), environment={**command.environment, **given})
    log = folder / f"{app.partition(':')[0]}.log"
    health = f"{settings.api_url}/health/{'ready' if app == APP else 'live'}"
    with command.running(log) as process:
        wait_healthy(app, lambda: http_problem(health), log, SECONDS, alive=lambda: process.poll() is None)
        yield Server(psutil.Process(process.pid), settings.api_url)


def _with(app: str, command: Command) -> tuple[str, ...]:
    return tuple(app if word == APP else word for word in command.argv)


def new_key(tenant: str) -> str:
    """Return a key of a tenant whose limits are out of the way."""
    settings = ServingSettings()
    with psycopg.connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        return create_key(
            connection, f"bench-{tenant}", tenant, ["everyone"],
            requests_per_minute=10**6, concurrent_streams=10**4, tokens_per_day=10**12,
        )  # fmt: skip


def component_seconds(server: Server) -> dict[str, tuple[float, int]]:
    """Return what the API says its components took until now: seconds and questions, by component."""
    sums: dict[str, list[float]] = {}
    for line in httpx.get(f"{server.url}/metrics", timeout=5, trust_env=False).text.splitlines():
        name, _, rest = line.partition('{component="')
        kind = name.removeprefix("regesta_component_seconds_")
        if kind in ("sum", "count") and rest:
            component, _, value = rest.partition('"} ')
            sums.setdefault(component, [0.0, 0.0])[kind == "count"] = float(value)
    return {component: (seconds, int(count)) for component, (seconds, count) in sums.items()}


class Caller:
    """Asks for whole replies, on one connection per thread."""

    def __init__(self, base: str, key: str) -> None:
        self._host = urlsplit(base).netloc
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._own = threading.local()

    def post(self, path: str, **body: object) -> dict[str, Any]:
        """Return a reply; an error is raised as it came."""
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(self._host, timeout=30)
        self._own.connection.request("POST", path, json.dumps(body).encode(), self._headers)
        response = self._own.connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {content[:500].decode(errors='replace')}")
        reply: dict[str, Any] = json.loads(content)
        return reply
