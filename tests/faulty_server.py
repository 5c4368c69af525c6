"""A real HTTP server that streams server-sent events and misbehaves on demand; a protocol fills in the events."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

BEFORE_TOKENS = ("500", "529", "429", "401", "hang", "cut-early", "garbage", "html", "empty", "error-early", "silent")
AFTER_TOKENS = ("cut", "stall", "bad-json", "error")
HANG_SECONDS = 3


class FaultyServer(ThreadingHTTPServer):
    """Answers every request with `words`, or misbehaves as `fault` says.

    Attributes:
        faulty_requests: How many of the next requests misbehave; None: all.
        endless_word: What an endless stream is made of.
        writing: Streams that are being written now.
        models: What a GET lists; None: there is no such list.
    """

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, handler: type[FaultyHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.words = ["Locked", " after", " eight", " tries", " [1]."]
        self.endless_word = "word "
        self.fault: str | None = None
        self.faulty_requests: int | None = None
        self.retry_after: str | None = None
        self.requests: list[dict[str, Any]] = []
        self.cut = threading.Event()
        self.writing: set[int] = set()
        self.models: list[str] | None = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.cut.set()  # the client went away

    def next_fault(self) -> str | None:
        """Return how the request that has come is to be answered."""
        if self.faulty_requests is None:
            return self.fault
        self.faulty_requests -= 1
        return self.fault if self.faulty_requests >= 0 else None


class FaultyHandler(BaseHTTPRequestHandler):
    """Faults of HTTP and of the stream; a subclass knows the events."""

    server: FaultyServer
    error_body: ClassVar[dict[str, Any]]
    still_there: ClassVar[str] = ": still there\n\n"

    def begin(self) -> None:
        """Send what comes before the text."""

    def word(self, text: str) -> None:
        """Send a piece of text."""
        raise NotImplementedError

    def end(self) -> None:
        """Send what comes after the text."""
        raise NotImplementedError

    def send_error_event(self) -> None:
        """Send an error in the middle of the stream."""
        raise NotImplementedError

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append({"path": self.path, "headers": headers})
        fault = self.server.next_fault()
        if fault == "hang":
            time.sleep(HANG_SECONDS)
        elif fault == "html":
            self._reply(200, "text/html", "<html><body>Sign in to the network</body></html>")
        elif fault or self.server.models is None:
            self._reply(int(fault or 404), "application/json", json.dumps(self.error_body))
        else:
            data = [{"id": name, "type": "model", "object": "model"} for name in self.server.models]
            self._reply(200, "application/json", json.dumps({"object": "list", "data": data, "has_more": False}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append({"path": self.path, "headers": headers, "body": body})
        fault = self.server.next_fault()
        if fault == "hang":
            time.sleep(HANG_SECONDS)
        elif fault and fault.isdigit():
            self._reply(int(fault), "application/json", json.dumps(self.error_body))
        elif fault == "html":
            self._reply(200, "text/html", "<html><body>Sign in to the network</body></html>")
        else:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.server.writing.add(id(self))
            try:
                self._stream(fault)
            finally:
                self.server.writing.discard(id(self))

    def _reply(self, status: int, media_type: str, text: str) -> None:
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(text.encode())))
        if self.server.retry_after:
            self.send_header("retry-after", self.server.retry_after)
        self.end_headers()
        self.wfile.write(text.encode())

    def _stream(self, fault: str | None) -> None:
        if fault == "garbage":
            self.raw("event: message_start\ndata: {not json\n\n")
            return
        self.begin()
        if fault in ("cut-early", "error-early", "silent"):
            self._misbehave(fault)
            return
        for number, word in enumerate(self._words(fault)):
            if number == 2 and fault in AFTER_TOKENS:
                self._misbehave(fault)
                return
            if fault in ("endless", "drip"):
                time.sleep(0.02 if fault == "endless" else 0.3)
            self.word(word)
        self.end()

    def _words(self, fault: str | None) -> list[str]:
        return {"endless": [self.server.endless_word] * 2000, "empty": []}.get(fault or "", self.server.words)

    def _misbehave(self, fault: str) -> None:
        if fault.startswith("error"):
            self.send_error_event()
        elif fault in ("stall", "silent"):
            for _ in range(HANG_SECONDS * 5):  # it lives, but says nothing
                self.raw(self.still_there)
                time.sleep(0.2)
        elif fault == "bad-json":
            self.raw('event: content_block_delta\ndata: {"type": "content_bl\n\n')

    def raw(self, text: str) -> None:
        """Send bytes at once."""
        self.wfile.write(text.encode())
        self.wfile.flush()


@contextmanager
def serving(handler: type[FaultyHandler]) -> Iterator[FaultyServer]:
    """Run a server for a block."""
    server = FaultyServer(handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
