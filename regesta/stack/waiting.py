"""Wait for something to become healthy: never for ever, and never for something that has died."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from regesta.stack.command import last_lines
from regesta.stack.errors import ServiceFailed

Check = Callable[[], str | None]
"""Returns what is wrong, in words; None when nothing is."""


def wait_healthy(
    name: str, problem: Check, log: Path, seconds: float, alive: Callable[[], bool], pause: float = 0.1
) -> None:
    """Return as soon as `problem()` finds none.

    Raises:
        ServiceFailed: It died or the time is up; the message has the reason and the end of its log.
    """
    deadline = time.monotonic() + seconds
    while found := problem():
        if not alive():
            raise ServiceFailed(f"{name} stopped while starting.{_log(log)}")
        if time.monotonic() > deadline:
            raise ServiceFailed(f"{name} is not healthy after {seconds:.0f} s: {found}{_log(log)}")
        time.sleep(pause)


def _log(log: Path) -> str:
    return f"\nThe end of {log}:{last_lines(log) or ' (empty)'}"
