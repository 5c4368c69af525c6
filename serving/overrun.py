"""Work that is waited for no longer than it may take: what overruns is cancelled, and ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Overrun:
    """Holds what overran until it has ended.

    Cancelling a statement asks the server to end it, and waits for that: with a server that hangs, for seconds. Nobody
    is to sit through them.
    """

    def __init__(self) -> None:
        self._left: set[asyncio.Task[Any]] = set()

    async def wait(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """Return what the work returns, or raise what it raises.

        Raises:
            TimeoutError: It took longer than `seconds`.
        """
        task = asyncio.create_task(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            self._leave(task)
            raise
        if not done:
            self._leave(task)
            raise TimeoutError(f"no reply within {seconds:g} s")
        return task.result()

    async def stop(self) -> None:
        """Cut short what is still ending: cancelled once more, a connection is closed without asking."""
        while self._left:
            for task in self._left:
                task.cancel()
            await asyncio.wait(self._left, timeout=0.1)

    def _leave(self, task: asyncio.Task[Any]) -> None:
        task.cancel()
        self._left.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that nobody reports it as forgotten
