"""A model server in a process of its own: Anthropic's streaming protocol, at a pace that is told, clocks in its words.

The first word of an answer is `<received>/<sent>`: when the request was there and when this word left, in nanoseconds
of the machine's monotonic clock, which all its processes share. So whoever reads it knows what was not the model.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import uvloop

from corpus.settings import ROOT
from regesta.stack.command import Command
from regesta.stack.ports import free_port
from regesta.stack.waiting import wait_healthy

_FIRST_SOURCE = re.compile(r'<source number="1"[^>]*>\n[^\n]*\n(.*?)\n</source>', re.DOTALL)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_WORD = "word "
_lengths = random.Random(7)


@dataclass(frozen=True)
class Pace:
    """How it answers: seconds until the first word, words, words per second; or a quotation of the first source.

    Lengths that vary do so exponentially around `words`: however long answers have run, as many end per second.
    """

    first: float = 0.0
    words: int = 1
    per_second: float = 0.0
    varies: bool = False
    is_quoting: bool = False


@dataclass(frozen=True)
class Upstream:
    """A running model server."""

    url: str

    def set(self, pace: Pace) -> None:
        """Answer at this pace from the next request on."""
        httpx.post(f"{self.url}/pace", json=asdict(pace), timeout=5, trust_env=False).raise_for_status()


@contextmanager
def running(log: Path) -> Iterator[Upstream]:
    """Run the server for a block."""
    port = free_port()
    upstream = Upstream(f"http://127.0.0.1:{port}")
    command = Command((sys.executable, "-m", "bench.serving_upstream", str(port)), ROOT)
    with command.running(log) as process:
        wait_healthy("the model", lambda: _problem(upstream), log, 30, alive=lambda: process.poll() is None)
        yield upstream


def _problem(upstream: Upstream) -> str | None:
    try:
        upstream.set(Pace())
    except httpx.HTTPError as error:
        return str(error)
    return None


class _Connection(asyncio.Protocol):
    """One connection: a request, its answer in chunks, the next request."""

    pace = Pace()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._read = b""
        self._writing: asyncio.Task[None] | None = None

    def connection_lost(self, _: Exception | None) -> None:
        if self._writing is not None:
            self._writing.cancel()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, rest = self._read.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(rest) < int(length[1]):
            return
        received, self._read = time.monotonic_ns(), b""
        body = json.loads(rest)
        if head.startswith(b"POST /pace"):
            _Connection.pace = Pace(**body)
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            self._writing = asyncio.create_task(self._answer(body, self.pace, received))

    async def _answer(self, body: dict[str, Any], pace: Pace, received: int) -> None:
        usage = {"input_tokens": 42, "output_tokens": 1, "cache_read_input_tokens": 0}
        message = {"id": "m", "type": "message", "role": "assistant", "model": body["model"], "content": [],
                   "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        block = _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        self._transport.write(head + _event("message_start", message=message) + block)
        if pace.first:
            await asyncio.sleep(pace.first)
        now = asyncio.get_running_loop().time
        began = now()
        found = _FIRST_SOURCE.search(body["messages"][-1]["content"]) if pace.is_quoting else None
        self._transport.write(_word(f"{found[1]} [1]" if found else f"{received}/{time.monotonic_ns()} "))
        word = _word(_WORD)
        words = 1 + round(_lengths.expovariate(1 / pace.words)) if pace.varies else pace.words
        for number in range(1, words):
            await asyncio.sleep(began + number / pace.per_second - now())
            self._transport.write(word)
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        end = _event("content_block_stop", index=0) + _event("message_delta", delta=delta, usage={"output_tokens": 7})
        self._transport.write(end + _event("message_stop") + b"0\r\n\r\n")


def _word(text: str) -> bytes:
    return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def _event(kind: str, **data: Any) -> bytes:
    event = f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
