"""The containers' health check, against real pages."""

import json
import runpy
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from corpus.settings import ROOT

problem: Callable[..., str | None] = runpy.run_path(str(ROOT / "deploy" / "healthcheck.py"))["problem"]

PAGES = {
    "/health": (200, json.dumps({"scheduler": {"status": "healthy"}, "triggerer": {"status": "unhealthy"}})),
    "/new": (200, json.dumps({"scheduler": {"status": None}})),
    "/not-ready": (503, '{"status": "not ready"}'),
    "/other": (200, "a login page"),
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = PAGES[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Pages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_healthy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # must not be asked
    assert problem(f"{url}/health") is None
    assert problem(f"{url}/health", "scheduler") is None


@pytest.mark.parametrize(
    ("page", "component", "expected"),
    [
        ("/health", "triggerer", "triggerer: unhealthy"),
        ("/health", "dag_processor", "dag_processor: never seen"),
        ("/new", "scheduler", "scheduler: never seen"),
        ("/not-ready", None, '{"status": "not ready"}'),
        ("/other", None, "Expecting value"),
    ],
)
def test_not_healthy(url: str, page: str, component: str | None, expected: str) -> None:
    assert expected in str(problem(f"{url}{page}", component))


def test_nobody_listens() -> None:
    assert "refused" in str(problem("http://127.0.0.1:9/health"))
