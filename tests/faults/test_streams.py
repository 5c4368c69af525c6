"""A server told to stop while it streams loses nothing, and a reader who stops reading holds nothing."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import structlog

from tests.api_process import running as process_running
from tests.integration import conftest as corpus
from tests.messages_server import MessagesServer
from tests.messages_server import running as messages_running

QUESTION = "After how many wrong passwords is an account locked?"
STREAMS = 20
EXIT_SECONDS = 8.0

bench, source_bucket, handbook = corpus.bench, corpus.source_bucket, corpus.handbook
new_key, serving = corpus.new_key, corpus.serving


@pytest.fixture
def upstream() -> Iterator[MessagesServer]:
    with messages_running() as server:
        server.fault = "endless"
        yield server


def ending(client: httpx.Client, started: list[str]) -> list[tuple[str, Any]]:
    """Ask for a stream and read it to its end; note the answer as soon as its first token is there."""
    events, kind = [], ""
    with client.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as response:
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            kind = value if name == "event" else kind
            if name == "data":
                events.append((kind, value if value == "[DONE]" else json.loads(value)))
                if kind == "token" and events[-2][0] != "token":
                    started.append(events[0][1]["answer_id"])
    return events


def test_a_server_told_to_stop_ends_every_stream_and_loses_no_row(
    handbook: None, upstream: MessagesServer, settings: Callable[..., Any], machine: Any, database: Any,
    new_key: Callable[..., str], tmp_path: Path,
) -> None:  # fmt: skip
    from serving.settings import ServingSettings

    known = settings(ServingSettings, anthropic_api_key="sk-test", anthropic_base_url=upstream.url, answer_cache=False)
    headers = {"Authorization": f"Bearer {new_key()}"}
    log = tmp_path / "serving.log"
    started: list[str] = []
    with process_running(machine, known, log) as (process, base), ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(STREAMS))
        client = stack.enter_context(httpx.Client(base_url=base, headers=headers, timeout=30, trust_env=False))
        streams = [threads.submit(ending, client, started) for _ in range(STREAMS)]
        deadline = time.monotonic() + 30
        while len(started) < STREAMS and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(started) == STREAMS, log.read_text()
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        seconds = time.monotonic() - told
        endings = [stream.result(10) for stream in streams]
    for events in endings:
        assert [kind for kind, _ in events[-3:-1]] == ["error", "done"]
        assert (events[-3][1]["type"], events[-2][1]["state"], events[-1][1]) == ("shutting-down", "abandoned", "[DONE]")
    assert seconds < EXIT_SECONDS, log.read_text()
    assert "Traceback" not in log.read_text()
    with psycopg.connect(database.conninfo("regesta_owner")) as connection:
        rows = connection.execute(
            "select q.id::text, a.state, length(a.text) > 0 from serving.queries as q"
            " join serving.answers as a on a.query_id = q.id where q.id = any(%s::uuid[])", [started],
        ).fetchall()  # fmt: skip
    assert sorted(rows) == sorted((answer_id, "abandoned", True) for answer_id in started)


def test_a_reader_that_stops_reading_is_cut_off(
    serving: Any, handbook: None, upstream: MessagesServer, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr("serving.api.streaming.SEND_TIMEOUT_SECONDS", 1.0)
    upstream.endless_word = "x" * 2**16  # what lies in the sockets between is soon full
    with (
        serving(anthropic_api_key="sk-test", anthropic_base_url=upstream.url) as api,
        structlog.testing.capture_logs() as logged,
        silent_reader(api) as reader,
    ):
        deadline = time.monotonic() + 15
        assert upstream.cut.wait(15), "the upstream went on writing"
        while (streams := running_streams(api)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert streams == 0
        assert is_closed(reader), "the server holds the connection of a reader it has cut off"
        assert api.post("/v1/search", json={"query": "password"}).status_code == 200
    assert [entry for entry in logged if entry["log_level"] in ("error", "critical")] == []
    assert [record.message for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


def silent_reader(api: httpx.Client) -> socket.socket:
    """Ask for a stream over a bare socket and read nothing of it."""
    body = json.dumps({"question": QUESTION, "stream": True})
    address = urlsplit(str(api.base_url))
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect((address.hostname, address.port))
    reader.sendall(
        f"POST /v1/ask HTTP/1.1\r\nHost: x\r\nAuthorization: {api.headers['authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return reader


def is_closed(reader: socket.socket) -> bool:
    """Return whether the server has let go of the connection, seen from its side: nothing of it is established."""
    import psutil

    port = reader.getsockname()[1]
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        mine = [c for c in psutil.net_connections("tcp") if c.raddr and c.raddr.port == port]
        if not [c for c in mine if c.pid]:
            return True
        time.sleep(0.1)
    return False


def running_streams(api: httpx.Client) -> float:
    lines = (line.rpartition(" ") for line in api.get("/metrics").text.splitlines())
    return next(float(value) for name, _, value in lines if name == "regesta_streams")
