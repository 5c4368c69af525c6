"""A real HTTP server that speaks the Messages protocol as SSE, with faults on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class MessagesServer(ThreadingHTTPServer):
    """Answers every request with `words`, or misbehaves as `fault` says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.words = ["Locked", " after", " eight", " tries", " [1]."]
        self.fault: str | None = None
        self.requests: list[dict[str, Any]] = []
        self.cut = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.cut.set()  # the client went away


class _Handler(BaseHTTPRequestHandler):
    server: MessagesServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(
            {"path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}, "body": body}
        )
        fault = self.server.fault
        if fault and fault.isdigit():
            error = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}).encode()
            self.send_response(int(fault))
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(error)))
            self.end_headers()
            self.wfile.write(error)
            return
        if fault == "hang":
            time.sleep(3)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self._stream(fault)

    def _stream(self, fault: str | None) -> None:
        usage = {"input_tokens": 42, "output_tokens": 1}
        message = {"id": "m", "type": "message", "role": "assistant", "model": "fake", "content": [],
                   "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
        self._event("message_start", message=message)
        self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        self._event("ping")
        words = self.server.words if fault != "endless" else ["word "] * 2000
        for number, word in enumerate(words):
            if fault == "cut" and number == 2:
                self.connection.close()
                return
            if fault == "endless":
                time.sleep(0.02)
            self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
        self._event("content_block_stop", index=0)
        self._event(
            "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 7}
        )
        self._event("message_stop")

    def _event(self, kind: str, **data: Any) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode())
        self.wfile.flush()


@contextmanager
def running() -> Iterator[MessagesServer]:
    """Run a server for a block."""
    server = MessagesServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
