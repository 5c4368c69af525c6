"""Parse untrusted files in a pool of confined child processes.

Parsers are large, many are written in C, and files come from anywhere. So no file is parsed in this process: a
child without network, environment or privileges does it, within limits, and a file that breaks a limit or the
child costs that file only. Children are reused, because their libraries take seconds to load.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import LifoQueue
from threading import Lock
from types import TracebackType

from ingestion.errors import IngestionError, Unparseable
from ingestion.items import Parsed
from ingestion.parsing.sandbox_process import ParserProcess
from ingestion.parsing.sandbox_protocol import Answer, Network, Ready, SandboxLimits

__all__ = ["ParserPool", "SandboxLimits"]

_CLOSED = "the parser pool is closed"
_ENDS_CHILD = ("memory", "crashed")
"""After these a child is not trusted with the next document."""


class ParserPool:
    """A context manager that parses documents in at most `size` children; any thread may call `parse`.

    Children start when they are first needed; the first one at once, so that a broken installation shows before
    any document is blamed for it.
    """

    def __init__(self, limits: SandboxLimits | None = None, size: int = 1) -> None:
        self.limits = limits or SandboxLimits()
        self.size = size
        self._idle: LifoQueue[ParserProcess | None] = LifoQueue()
        for _ in range(size):
            self._idle.put(None)  # a place whose child is not started yet
        self._children: set[ParserProcess] = set()
        self._lock = Lock()
        self._is_closed = False
        self._ready: Ready | None = None
        # The kernel ends a child with the thread that created it, so one thread that lives as long as the pool
        # creates them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="parser-starter")

    def __enter__(self) -> ParserPool:
        try:
            with self._child():
                return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, _type: type | None, _error: BaseException | None, _traceback: TracebackType | None) -> None:
        self.close()

    @property
    def network_isolation(self) -> Network:
        """What closes the network to the children."""
        return self._confinement().network

    @property
    def unenforced(self) -> tuple[str, ...]:
        """The resource limits this system refused to set, by their names in setrlimit(2)."""
        return self._confinement().unenforced

    def parse(self, data: bytes, media_type: str) -> Parsed:
        """Parse one document in a child; waits for one that is free.

        Raises:
            Unparseable: The content cannot be used, or breaks a limit (`timeout`, `memory`, `too_large`), or
                broke the parser (`crashed`). The pool goes on.
            IngestionError: No child can be started, a library is missing, or the pool is closed.
        """
        try:
            with self._child() as child:
                return _result(child.ask(data, media_type))
        except Unparseable as error:
            if self._is_closed:  # then `close` ended the child, and the document is not at fault
                raise IngestionError(_CLOSED) from error
            raise

    def close(self) -> None:
        """Stop every child, also busy ones; returns when none is left."""
        with self._lock:
            self._is_closed = True
            children = list(self._children)
        for child in children:
            child.kill()
        for _ in range(self.size):  # a busy thread gives its place back as soon as it learns that its child died
            self._retire(self._idle.get())
        for _ in range(self.size):
            self._idle.put(None)  # so that whoever still waits for a place learns that the pool is closed
        self._starter.shutdown()

    @contextmanager
    def _child(self) -> Iterator[ParserProcess]:
        """Lend an idle child, started if need be; afterwards keep it unless it is spent."""
        child = self._idle.get()
        try:
            if child is None or not child.is_alive:
                self._retire(child)
                child = self._start()
            self._ready = child.ready
            yield child
        except Unparseable as error:
            if child and error.kind in _ENDS_CHILD:
                self._retire(child)
            raise
        finally:
            if child and (child.is_spent or not child.is_alive):
                self._retire(child)
                child = None
            self._idle.put(child)

    def _start(self) -> ParserProcess:
        with self._lock:
            if self._is_closed:
                raise IngestionError(_CLOSED)
            child = self._starter.submit(ParserProcess, self.limits).result()
            self._children.add(child)
            return child

    def _retire(self, child: ParserProcess | None) -> None:
        if child:
            child.stop()
            self._children.discard(child)

    def _confinement(self) -> Ready:
        if self._ready is None:
            raise IngestionError("the parser pool has no child yet; use it as a context manager")
        return self._ready


def _result(answer: Answer) -> Parsed:
    """Return what a child parsed, or raise what it says."""
    if answer.failure:
        raise IngestionError(answer.failure)
    if answer.kind:
        raise Unparseable(answer.kind, answer.detail)
    if answer.parsed is None:
        raise Unparseable("crashed", "the parser's process gave no answer that can be read")
    return answer.parsed
