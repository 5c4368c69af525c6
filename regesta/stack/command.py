"""How one program is run: its words, folder, environment and user, as a value."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from regesta.stack.account import Account, Identity


@dataclass(frozen=True)
class Command:
    """A program to run, for the supervisor or for a test."""

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 10
    """How long it may take to stop by itself before it is killed."""

    def script(self) -> str:
        """Return a shell script that becomes this program; it can also be run by hand.

        A script, because the supervisor's own `environment=` cannot express every value: it knows no
        escapes, and takes ` #` and ` ;` for comments.
        """
        exports = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(self.environment.items())]
        return f"#!/bin/sh\n{''.join(exports)}cd {shlex.quote(str(self.folder))} &&\nexec {shlex.join(self.argv)}\n"

    @contextmanager
    def running(self, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Run the program as a child, and stop it at the end, at the latest by killing it."""
        identity = self.account.identity() if self.account else Identity()
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.argv, cwd=self.folder, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **identity,
            )  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(self.stop_signal)
            try:
                process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log, indented, for a message; empty when there is none."""
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return ""
    return "".join(f"\n  {line}" for line in lines)
