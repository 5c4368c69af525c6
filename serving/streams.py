"""Answers being written in this worker: a task writes each one, readers come, go and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from serving.access import Scope
from serving.errors import NotFound
from serving.events import Event
from serving.metrics import STREAMS

GRACE_SECONDS = 0.5
"""How long an answer goes on without a reader; whoever lost the connection may be back by then."""
KEEP_SECONDS = 300.0
"""How long an answer that ended can be read again from memory."""
EVENT_LIMIT = 20_000
"""Events of one answer; far more than any model writes, so that a runaway cannot fill the memory."""
Ending = Literal["abandoned", "stopped", "shutting-down", "too-long"]
_WHY: dict[Ending, str] = {
    "abandoned": "The reader left, so the answer was not finished.",
    "stopped": "The answer was stopped on request.",
    "shutting-down": "This server is being stopped. Ask again: another one answers.",
    "too-long": "The answer has more events than are kept.",
}


@dataclass
class _Running:
    """One answer: what has been written so far, and who reads it."""

    answer_id: UUID
    scope: Scope
    events: list[Event] = field(default_factory=list)
    grown: asyncio.Event = field(default_factory=asyncio.Event)
    readers: int = 0
    ending: Ending | None = None
    has_ended: bool = False
    task: asyncio.Task[None] | None = None

    def add(self, event: Event) -> None:
        self.events.append(replace(event, number=len(self.events) + 1))
        self.grown.set()

    def break_off(self) -> None:
        """Say why the answer ends here; one that is done stays done."""
        if self.events and self.events[-1].kind == "done":
            return
        ending = self.ending or "shutting-down"
        self.add(Event("error", {"type": ending, "detail": _WHY[ending]}))
        self.add(Event("done", {"answer_id": self.answer_id, "state": "abandoned", "citations": []}))

    def end(self, ending: Ending) -> None:
        """Have the writer stop; it says why in the stream."""
        if not self.has_ended and self.ending is None and self.task is not None:
            self.ending = ending
            self.task.cancel()


class Streams:
    """Keeps the answers of this worker. No database connection is held while one is written or read."""

    def __init__(self, grace_seconds: float = GRACE_SECONDS, keep_seconds: float = KEEP_SECONDS) -> None:
        self._grace = grace_seconds
        self._keep = keep_seconds
        self._answers: dict[UUID, _Running] = {}

    def start(self, answer_id: UUID, scope: Scope, events: AsyncGenerator[Event, None]) -> None:
        """Begin to write an answer; it goes on for as long as somebody reads it, and ends in `done`."""
        running = self._answers[answer_id] = _Running(answer_id, scope)
        running.task = asyncio.create_task(self._write(running, events))
        self._look_after(running)

    def attach(self, answer_id: UUID, scope: Scope, after: int = 0) -> AsyncGenerator[Event, None]:
        """Return the events behind number `after`, those to come included.

        Raises:
            NotFound: This worker does not have such an answer of the caller's key.
        """
        return self._read(self._find(answer_id, scope), after)

    async def stop(self, answer_id: UUID, scope: Scope) -> None:
        """Stop an answer that is being written; one that has ended stays as it is. Raises as `attach` does."""
        running = self._find(answer_id, scope)
        running.end("stopped")
        if running.task is not None:
            await asyncio.wait([running.task], timeout=1.0)

    async def drain(self, seconds: float) -> None:
        """Let answers finish for some seconds, then end the rest with a typed error."""
        tasks = {running.task: running for running in self._answers.values() if running.task and not running.has_ended}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            tasks[task].end("shutting-down")
        if late:
            await asyncio.wait(late, timeout=2.0)

    def _find(self, answer_id: UUID, scope: Scope) -> _Running:
        running = self._answers.get(answer_id)
        if running is None or running.scope.api_key_id != scope.api_key_id:
            raise NotFound(f"There is no answer {answer_id} of this key here.")
        return running

    async def _write(self, running: _Running, events: AsyncGenerator[Event, None]) -> None:
        STREAMS.inc()
        try:
            async with aclosing(events):
                async for event in events:
                    running.add(event)
                    if len(running.events) >= EVENT_LIMIT:
                        running.end("too-long")
        except asyncio.CancelledError:
            running.break_off()
        finally:
            STREAMS.dec()
            running.has_ended = True
            running.grown.set()
            asyncio.get_running_loop().call_later(self._keep, self._answers.pop, running.answer_id, None)

    async def _read(self, running: _Running, after: int) -> AsyncGenerator[Event, None]:
        running.readers += 1
        number = after
        try:
            while True:
                running.grown.clear()
                while number < len(running.events):
                    yield running.events[number]
                    number += 1
                if running.has_ended:
                    return
                if number >= len(running.events):
                    await running.grown.wait()
        finally:
            running.readers -= 1
            self._look_after(running)

    def _look_after(self, running: _Running) -> None:
        """End the answer unless somebody reads it by the end of the grace."""

        def look() -> None:
            if running.readers == 0:
                running.end("abandoned")

        if not running.has_ended and running.readers == 0:
            asyncio.get_running_loop().call_later(self._grace, look)
