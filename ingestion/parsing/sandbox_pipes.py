"""Talk to a child over its three pipes without ever blocking: everything has a deadline."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Iterable

from ingestion.parsing.sandbox_protocol import HEADER_BYTES, payload_bytes

LAST_WORDS_BYTES = 2000
_READ_BYTES = 2**18


class ChildDied(Exception):
    """The child closed its end of the pipe."""


class AnswerTooLong(Exception):
    """The child announced a longer answer than allowed."""


class Pipes:
    """Standard input, output and error of a child process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout and process.stderr
        self._streams = (process.stdin, process.stdout, process.stderr)
        self._stdin, self._stdout, self._stderr = (stream.fileno() for stream in self._streams)
        self._errors = bytearray()
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)

    def exchange(self, request: Iterable[bytes], deadline: float, longest: int) -> bytes:
        """Send a request and return the payload of the frame that answers it.

        What stands on error output from before a request belongs to an earlier one and is forgotten. Without a
        request it is kept: a child may have died, and said why, before anybody listened.

        Args:
            deadline: By `time.monotonic()`.
            longest: Bytes of the longest payload to accept.

        Raises:
            TimeoutError: The deadline passed.
            ChildDied: The child closed its output before the answer was whole.
            AnswerTooLong: The answer is longer than `longest`.
        """
        unsent = deque(memoryview(part) for part in request if part)
        answer = bytearray()
        if unsent:
            while self._read_errors():
                pass
            self._errors.clear()
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            while not _is_whole(answer, longest):
                self._step(unsent, answer, deadline)
        finally:
            if self._stdin in self._selector.get_map():
                self._selector.unregister(self._stdin)
        return bytes(answer[HEADER_BYTES:])

    def is_silent(self) -> bool:
        """Whether the child waits as it should: it neither died nor said anything unasked."""
        try:
            os.read(self._stdout, 1)
        except BlockingIOError:
            return True
        return False

    def _step(self, unsent: deque[memoryview], answer: bytearray, deadline: float) -> None:
        """Wait until something can be read or written, and do that."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        for key, _ in self._selector.select(remaining):
            if key.fd == self._stdin:
                self._send(unsent)
            elif key.fd == self._stderr:
                self._read_errors()
            elif received := os.read(self._stdout, _READ_BYTES):
                answer += received
            else:
                raise ChildDied

    def _send(self, unsent: deque[memoryview]) -> None:
        try:
            unsent[0] = unsent[0][os.write(self._stdin, unsent[0]) :]
            if not unsent[0]:
                unsent.popleft()
        except BrokenPipeError:
            unsent.clear()  # it died; what it still has to say is read first
        if not unsent:
            self._selector.unregister(self._stdin)

    def _read_errors(self) -> bool:
        """Keep the end of what the child says on standard error; whether there may be more."""
        try:
            received = os.read(self._stderr, _READ_BYTES)
        except BlockingIOError:
            return False
        self._errors = (self._errors + received)[-LAST_WORDS_BYTES:]
        if not received and self._stderr in self._selector.get_map():
            self._selector.unregister(self._stderr)
        return bool(received)

    def close(self) -> str:
        """Close all pipes of a child that has ended; return the end of what it wrote to standard error."""
        while self._read_errors():
            pass
        self._selector.close()
        for stream in self._streams:
            stream.close()
        return self._errors.decode(errors="replace").strip()


def _is_whole(answer: bytearray, longest: int) -> bool:
    if len(answer) < HEADER_BYTES:
        return False
    length = payload_bytes(answer)
    if length > longest:
        raise AnswerTooLong
    return len(answer) >= HEADER_BYTES + length
