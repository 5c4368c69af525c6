"""A server told to stop while it streams loses nothing, and a reader who stops reading holds nothing."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
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
from tests.outage import out_of_reach

QUESTION = "After how many wrong passwords is an account locked?"
STREAMS = 20
EXIT_SECONDS = 8.0
KILL_SECONDS = 10.0
"""When the supervisor loses patience."""

bench, source_bucket, handbook = corpus.bench, corpus.source_bucket, corpus.handbook
new_key, serving = corpus.new_key, corpus.serving


Running = tuple[subprocess.Popen[bytes], httpx.Client, Path]


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


@pytest.fixture
def worker(
    handbook: None, upstream: MessagesServer, settings: Callable[..., Any], machine: Any,
    new_key: Callable[..., str], tmp_path: Path,
) -> Iterator[Running]:  # fmt: skip
    """The API as the stack runs it, a client with a key, and its log."""
    from serving.settings import ServingSettings

    known = settings(ServingSettings, anthropic_api_key="sk-test", anthropic_base_url=upstream.url, answer_cache=False)
    headers, log = {"Authorization": f"Bearer {new_key()}"}, tmp_path / "serving.log"
    with (
        process_running(machine, known, log) as (process, base),
        httpx.Client(base_url=base, headers=headers, timeout=30, trust_env=False) as client,
    ):
        yield process, client, log


def wait_for(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def stopped(process: subprocess.Popen[bytes]) -> float:
    """Tell a process to stop; return the seconds it took."""
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    return time.monotonic() - told


def test_a_server_told_to_stop_ends_every_stream_and_loses_no_row(worker: Running, database: Any) -> None:
    process, client, log = worker
    started: list[str] = []
    with ThreadPoolExecutor(STREAMS) as threads:
        streams = [threads.submit(ending, client, started) for _ in range(STREAMS)]
        wait_for(lambda: len(started) == STREAMS, log)
        assert stopped(process) < EXIT_SECONDS, log.read_text()
        endings = [stream.result(10) for stream in streams]
    for (kind, error), (_, done), (_, last) in (events[-3:] for events in endings):
        assert (kind, error["type"], done["state"], last) == ("error", "shutting-down", "abandoned", "[DONE]")
    assert "Traceback" not in log.read_text()
    with psycopg.connect(database.conninfo("regesta_owner")) as connection:
        rows = connection.execute(
            "select q.id::text, a.state, length(a.text) > 0 from serving.queries as q"
            " join serving.answers as a on a.query_id = q.id where q.id = any(%s::uuid[])", [started],
        ).fetchall()  # fmt: skip
    assert sorted(rows) == sorted((answer_id, "abandoned", True) for answer_id in started)


@pytest.mark.parametrize("is_away", [False, True])
def test_whoever_waits_for_a_whole_reply_is_told_and_lost_rows_are_counted(
    worker: Running, upstream: MessagesServer, database: Any, is_away: bool
) -> None:
    process, client, log = worker
    bodies: dict[str, Any] = {
        "/v1/ask": {"question": QUESTION},
        "/v1/chat/completions": {"messages": [{"role": "user", "content": QUESTION}]},
    }
    with ThreadPoolExecutor(2) as threads, ExitStack() as meanwhile:
        asked = [threads.submit(client.post, path, json=body) for path, body in bodies.items()]
        wait_for(lambda: len(upstream.writing) == len(bodies), log)
        time.sleep(0.5)  # the rows of the questions are written; those of the answers are not
        if is_away:
            meanwhile.enter_context(out_of_reach(database))
        assert stopped(process) < (KILL_SECONDS if is_away else EXIT_SECONDS), log.read_text()
        replies = [reply.result(10) for reply in asked]
    for reply in replies:
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
        assert reply.json()["type"] == "urn:regesta:problem:shutting-down"
    assert "Traceback" not in log.read_text()
    assert ("journal_lost_rows" in log.read_text(), "rows=2" in log.read_text()) == (is_away, is_away)


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
        assert holders(reader) == [], "the server holds the connection of a reader it has cut off"
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


def holders(reader: socket.socket) -> list[Any]:
    """Return what still holds the server's side of the connection after a while; nothing if it was let go of."""
    import psutil

    ends = reader.getpeername(), reader.getsockname()  # another connection may have one of the two, not both
    deadline = time.monotonic() + 5
    while held := [c for c in psutil.net_connections("tcp") if (c.laddr, c.raddr) == ends and c.pid]:
        if time.monotonic() > deadline:
            return [(c.status, psutil.Process(c.pid).cmdline()) for c in held]
        time.sleep(0.1)
    return []


def running_streams(api: httpx.Client) -> float:
    lines = (line.rpartition(" ") for line in api.get("/metrics").text.splitlines())
    return next(float(value) for name, _, value in lines if name == "regesta_streams")
