"""A real HTTP server that speaks the Messages protocol as SSE, with faults on demand."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

from tests.faulty_server import FaultyHandler, serving
from tests.faulty_server import FaultyServer as MessagesServer

__all__ = ["MessagesServer", "running"]


class _Handler(FaultyHandler):
    error_body = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}  # noqa: RUF012
    still_there = 'event: ping\ndata: {"type": "ping"}\n\n'

    def begin(self) -> None:
        usage = {"input_tokens": 42, "output_tokens": 1, "cache_read_input_tokens": 0}
        message = {"id": "m", "type": "message", "role": "assistant", "model": "fake", "content": [],
                   "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
        self._event("message_start", message=message)
        self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        self._event("ping")

    def word(self, text: str) -> None:
        self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def end(self) -> None:
        self._event("content_block_stop", index=0)
        self._event(
            "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 7}
        )
        self._event("message_stop")

    def send_error_event(self) -> None:
        self._event("error", error=self.error_body["error"])

    def _event(self, kind: str, **data: Any) -> None:
        self.raw(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n")


def running() -> AbstractContextManager[MessagesServer]:
    """Run a server for a block."""
    return serving(_Handler)
