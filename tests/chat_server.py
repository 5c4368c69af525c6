"""A real HTTP server that speaks OpenAI's chat completions as SSE, with faults on demand."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

from tests.faulty_server import FaultyHandler, serving
from tests.faulty_server import FaultyServer as ChatServer

__all__ = ["ChatServer", "running"]


class _Handler(FaultyHandler):
    error_body = {"error": {"type": "overloaded_error", "message": "overloaded", "code": None}}  # noqa: RUF012

    def begin(self) -> None:
        self._chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])

    def word(self, text: str) -> None:
        self._chunk([{"index": 0, "delta": {"content": text}, "finish_reason": None}])

    def end(self) -> None:
        self._chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        usage = {"prompt_tokens": 42, "completion_tokens": 7, "total_tokens": 49,
                 "prompt_tokens_details": {"cached_tokens": 40}}  # fmt: skip
        self._chunk([], usage=usage)
        self.raw("data: [DONE]\n\n")

    def send_error_event(self) -> None:
        self.raw(f"data: {json.dumps(self.error_body)}\n\n")

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> None:
        body = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "fake", "choices": choices, **more}
        self.raw(f"data: {json.dumps(body)}\n\n")


def running() -> AbstractContextManager[ChatServer]:
    """Run a server for a block."""
    return serving(_Handler)
