"""The parent's end of one confined child process that parses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cached_property
from threading import Lock

from ingestion.errors import IngestionError, Unparseable
from ingestion.parsing.sandbox_pipes import AnswerTooLong, ChildDied, Pipes
from ingestion.parsing.sandbox_protocol import ANSWER, READY, Answer, Ready, SandboxLimits, frame, limits_argument

START_SECONDS = 60.0
_OUT_OF_MEMORY = ("memoryerror", "bad_alloc", "cannot allocate memory", "out of memory", "memory allocation")


class ParserProcess:
    """One child: start it, ask it, stop it. Not thread-safe; a pool gives it to one thread at a time.

    Create it in a thread that outlives it: the kernel ends the child together with that thread.

    Attributes:
        documents: How many it has answered.
        address_space: Bytes it had mapped after the last one.
    """

    def __init__(self, limits: SandboxLimits) -> None:
        self.limits = limits
        self.documents = 0
        self.address_space = 0
        self._folder = tempfile.TemporaryDirectory(prefix="regesta-parser-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingestion.parsing.worker", limits_argument(limits)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
            env=environment(self._folder.name), cwd=self._folder.name, start_new_session=True,
        )  # fmt: skip
        self._pipes = Pipes(self._process)
        self._lock = Lock()
        self._is_reaped = False
        self._last_words = ""

    @cached_property
    def ready(self) -> Ready:
        """What confines the child; waits until it has confined itself.

        Raises:
            IngestionError: It did not start: the fault is ours, not a document's.
        """
        try:
            deadline = time.monotonic() + START_SECONDS
            return READY.validate_json(self._pipes.exchange([], deadline, self.limits.output_bytes))
        except BaseException as error:
            self.stop()
            if not isinstance(error, Exception):
                raise
            raise IngestionError(
                f"the parser process did not start ({self._ending()}), so nothing can be parsed; this is no "
                f"document's fault. It said: {self._last_words}"
            ) from error

    @property
    def is_alive(self) -> bool:
        """Whether the child still waits for documents."""
        return not self._is_reaped and self._pipes.is_silent()

    @property
    def is_spent(self) -> bool:
        """Whether a fresh child should take its place: it did its share, or holds half of its memory.

        So whether a document fits does not depend on what was parsed before it.
        """
        return self.documents >= self.limits.documents_per_worker or self.address_space > self.limits.memory_bytes // 2

    def ask(self, data: bytes, media_type: str) -> Answer:
        """Have the child parse one document.

        Raises:
            Unparseable: `timeout`, `memory`, `too_large` or `crashed`; the child is then stopped.
        """
        request = [*frame(media_type.encode()), *frame(data)]
        deadline = time.monotonic() + self.limits.wall_seconds
        try:
            answer = ANSWER.validate_json(self._pipes.exchange(request, deadline, self.limits.output_bytes))
        except BaseException as error:  # even an interrupt: the child is then still busy with this document
            self.stop()
            if not isinstance(error, Exception):
                raise
            raise self._verdict(error) from error
        self.documents += 1
        self.address_space = answer.address_space
        return answer

    def kill(self) -> None:
        """End the child and everything it started, from any thread; who asks it something learns that it died."""
        with self._lock:
            if not self._is_reaped:
                with suppress(ProcessLookupError, PermissionError):  # all have ended; macOS says so by the second
                    os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the child and everything it started; leave no process, pipe or file behind."""
        self.kill()
        with self._lock:
            if self._is_reaped:
                return
            self._is_reaped = True
            self._process.wait()
        self._last_words = self._pipes.close()
        self._folder.cleanup()

    def _verdict(self, error: Exception) -> Unparseable:
        """Tell why a stopped child gave no answer.

        pdfium aborts without a word when it gets no memory; broken invariants are announced before an abort.
        """
        if isinstance(error, TimeoutError):
            return Unparseable("timeout", f"it was not parsed within {self.limits.wall_seconds:g} s")
        if isinstance(error, AnswerTooLong):
            return Unparseable("too_large", f"its text is larger than {self.limits.output_bytes:,} bytes")
        if not isinstance(error, ChildDied):
            return Unparseable("crashed", f"the parser's process gave no answer that can be read: {str(error)[:300]}")
        if self._process.returncode == -signal.SIGXCPU:
            return Unparseable("timeout", f"parsing it took more than {self.limits.cpu_seconds} s of processor time")
        is_silent_abort = self._process.returncode == -signal.SIGABRT and not self._last_words
        if is_silent_abort or any(sign in self._last_words.lower() for sign in _OUT_OF_MEMORY):
            return Unparseable("memory", "parsing it takes more memory than a document may use")
        return Unparseable("crashed", f"the parser's process died ({self._ending()}): {self._last_words}")

    def _ending(self) -> str:
        code = self._process.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def environment(folder: str) -> dict[str, str]:
    """Return a child's whole environment: where programs and modules are, a folder of its own, no threads."""
    paths = [os.path.abspath(entry) for entry in sys.path if entry]
    passed_on = {name: os.environ[name] for name in ("PATH", "TESSDATA_PREFIX") if name in os.environ}
    return passed_on | {
        "PYTHONPATH": os.pathsep.join(paths),
        "LANG": "C.UTF-8",
        "HOME": folder,
        "TMPDIR": folder,
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
