"""Run the parts of a set-up: each as soon as what it needs is through, several at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

UP_TO_DATE = "up to date"
"""The note of a part that had nothing to do."""


@dataclass(frozen=True)
class Part:
    """Something to do, after other parts; a name in `after` that is not in the list is not waited for."""

    name: str
    work: Callable[[], str | None]
    """Does it, and returns a note for the person watching."""
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How one part ended."""

    name: str
    seconds: float
    note: str = ""
    error: Exception | None = None


class Progress(Protocol):
    """Who watches."""

    def started(self, name: str) -> None:
        """A part began."""

    def ended(self, outcome: Outcome) -> None:
        """A part ended, well or not."""


def run_parts(parts: Iterable[Part], progress: Progress) -> list[Outcome]:
    """Run every part in an order their needs allow, independent ones at the same time.

    Raises:
        Exception: The first error of a part, as soon as it happens; nothing more is started then.
    """
    waiting = {part.name: part for part in parts}
    unfinished = set(waiting)
    outcomes: list[Outcome] = []
    ended: SimpleQueue[Outcome] = SimpleQueue()
    while unfinished:
        free = [part for part in waiting.values() if not unfinished & set(part.after)]
        if not free and len(waiting) == len(unfinished):
            raise ValueError(f"These parts wait for each other: {sorted(unfinished)}")
        for part in free:
            del waiting[part.name]
            progress.started(part.name)
            # Daemons, so that an interrupted command ends at once; every part can be done again.
            threading.Thread(target=_run, args=(part, ended), daemon=True, name=part.name).start()
        outcome = ended.get()
        progress.ended(outcome)
        if outcome.error:
            raise outcome.error
        unfinished.remove(outcome.name)
        outcomes.append(outcome)
    return outcomes


def _run(part: Part, ended: SimpleQueue[Outcome]) -> None:
    begun = time.monotonic()
    try:
        note = part.work() or ""
    except Exception as error:
        ended.put(Outcome(part.name, time.monotonic() - begun, error=error))
    else:
        ended.put(Outcome(part.name, time.monotonic() - begun, note))
