"""A circuit breaker: a model that keeps failing is left alone for a while, then tried with one question."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "half-open", "open"]


class Breaker:
    """Closed: everything passes. Open: nothing does. Half-open: one question passes and decides.

    Every admission carries the number of the period it was given in; what it reports counts only in that period, so a
    question that began before the circuit opened can neither close it nor open it again.
    """

    def __init__(self, threshold: int, cooldown: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Open after `threshold` failures in a row, for `cooldown` seconds of `clock`."""
        self._threshold = threshold
        self._cooldown = cooldown
        self._clock = clock
        self._state: State = "closed"
        self._period = 0
        self._failures = 0
        self._opened_at = 0.0

    @property
    def state(self) -> State:
        """Closed, open, or half-open while one question decides."""
        return self._state

    def enter(self) -> int | None:
        """Return an admission, or None when the model is to be left alone."""
        if self._state == "closed":
            return self._period
        if self._state == "open" and self._clock() - self._opened_at >= self._cooldown:
            return self._turn("half-open")
        return None

    def succeeded(self, admission: int) -> None:
        """Count an answer that began."""
        if admission == self._period:
            self._failures = 0
            if self._state == "half-open":
                self._turn("closed")

    def failed(self, admission: int) -> None:
        """Count a failure."""
        if admission != self._period:
            return
        self._failures += 1
        if self._state == "half-open" or self._failures >= self._threshold:
            self._opened_at = self._clock()
            self._failures = 0
            self._turn("open")

    def left(self, admission: int) -> None:
        """Give an admission back that decided nothing, because its reader left; the next question may try at once."""
        if admission == self._period and self._state == "half-open":
            self._turn("open")

    def _turn(self, state: State) -> int:
        self._state = state
        self._period += 1
        return self._period
