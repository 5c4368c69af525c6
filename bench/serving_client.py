"""A client that costs little: it takes the time at each arrival of bytes, and looks at no more than it must."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

_TOKEN = b"event: token\n"
_CLOCKS = re.compile(rb'event: token\n.*?data: \{"text": "(\d+)/(\d+) ', re.DOTALL)
_STATUS = re.compile(rb"HTTP/1\.1 (\d+)")


class Refused(Exception):
    """The server answered with an error."""


@dataclass
class Stream(asyncio.Protocol):
    """One request and what came back; times are nanoseconds of the machine's monotonic clock.

    Attributes:
        events: Tokens that have arrived.
        clocks: When the model had the request, when its first word left, when that was here.
        ended: Done when all has arrived.
    """

    request: bytes
    sent: int = 0
    events: int = 0
    clocks: tuple[int, int, int] | None = None
    received: bytearray = field(default_factory=bytearray)
    ended: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Count tokens; the first one carries the clocks of the model."""
        now = time.monotonic_ns()
        is_begun = self.events > 1
        self.events += data.count(_TOKEN)
        if self.clocks is None and not is_begun:
            self.received += data
            if found := _CLOCKS.search(self.received):
                self.clocks = int(found[1]), int(found[2]), now

    def connection_lost(self, _: Exception | None) -> None:
        """Note when all was there."""
        if self.ended.done():
            return
        status = _STATUS.match(self.received)
        if status is None or status[1] != b"200":
            self.ended.set_exception(Refused(self.received[:600].decode(errors="replace")))
        else:
            self.ended.set_result(time.monotonic_ns())

    @property
    def before(self) -> float:
        """Milliseconds from the question to the moment the model has it."""
        assert self.clocks is not None
        return (self.clocks[0] - self.sent) / 1e6

    @property
    def after(self) -> float:
        """Milliseconds from the model's first word to its arrival here."""
        assert self.clocks is not None
        return (self.clocks[2] - self.clocks[1]) / 1e6

    def close(self) -> None:
        """Hang up."""
        self.ended.cancel()
        self.transport.abort()


@dataclass(frozen=True)
class Client:
    """Asks one server with one key."""

    base: str
    key: str = ""

    async def open(self, path: str, **body: object) -> Stream:
        """Send a request on a connection of its own; return while the response comes."""
        host, content = urlsplit(self.base), json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host.netloc}\r\nAuthorization: Bearer {self.key}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        stream = Stream(head.encode() + content, sent=time.monotonic_ns())
        await asyncio.get_running_loop().create_connection(lambda: stream, host.hostname, host.port)
        return stream

    async def ask(self, question: str) -> Stream:
        """Ask for a streamed answer."""
        return await self.open("/v1/ask", question=question, stream=True)
