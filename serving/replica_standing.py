"""Whether a search may go to the replica: decided from what was seen of both servers, and what searches met there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg_pool import PoolTimeout

REMEMBERED = 1000
"""Positions of the primary that a replica has yet to reach; beyond, its lag is only known to be larger."""
Reason = Literal[
    "unknown", "unreachable", "misfit", "lagging", "slow", "schema", "behind", "looks-back", "pool", "conflict",
    "model", "error",
]  # fmt: skip
"""Why the primary searched: the replica was not looked at yet; is away; is no standby of this primary; is too far
behind; took too long; lacks what was migrated; had not replayed this tenant's newest release; could not prove how old
what it found is; had no connection left; had to end the search to go on replaying; serves another model; or failed."""
_RESTING: frozenset[Reason] = frozenset({"unreachable", "slow", "schema"})
"""What the next search would meet too."""


class ReplicaBehind(Exception):
    """The replica has not replayed the release of the corpus that the primary serves."""


@dataclass(frozen=True)
class Look:
    """What both servers said of themselves, the primary first.

    Attributes:
        began: When the primary was asked, by the clock of `Standing`.
        flushed: How far the primary's log was written then, in bytes.
        replayed: How far the replica had replayed it a moment later; None when it replays nothing.
        is_standby: Whether the replica only follows: a promoted one has a history of its own.
        is_same_cluster: Whether it was made from this primary.
    """

    began: float
    flushed: int
    replayed: int | None
    is_standby: bool = True
    is_same_cluster: bool = True


class Standing:
    """How far a replica is behind, and whether it is left alone.

    The lag is the time since the primary was at a position that the replica has reached by now. No two clocks are
    compared, an idle primary is no lag, and a replica that has lost its primary without noticing falls behind.
    """

    def __init__(self, lag_seconds: float, rest_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Refuse a replica further than `lag_seconds` behind, and for `rest_seconds` one that failed a search."""
        self._limit, self._rest, self._clock = lag_seconds, rest_seconds, clock
        self._problem: Reason | None = "unknown"
        self._caught_up_at = float("-inf")
        self._ahead: list[tuple[float, int]] = []
        self._rested_at = float("-inf")
        self._failure: Reason = "unknown"

    def saw(self, look: Look) -> None:
        """Take in a look at both servers."""
        if look.replayed is None or not look.is_standby or not look.is_same_cluster:
            self._problem, self._ahead, self._caught_up_at = "misfit", [], float("-inf")
            return
        self._problem = None
        ahead = [*self._ahead, (look.began, look.flushed)]
        reached = (began for began, position in ahead if position <= look.replayed)
        self._caught_up_at = max(reached, default=self._caught_up_at)
        self._ahead = [place for place in ahead if place[0] > self._caught_up_at][-REMEMBERED:]

    def missed(self) -> None:
        """Take in that one of the servers did not answer."""
        self._problem = "unreachable"

    def failed(self, reason: Reason) -> None:
        """Take in that a search failed there; leave it alone when the next one would fail likewise."""
        if reason in _RESTING:
            self._rested_at, self._failure = self._clock(), reason

    def lag(self) -> float:
        """Return by how many seconds the replica may be behind now; infinite when that is not known."""
        return self._clock() - self._caught_up_at

    def refusal(self) -> Reason | None:
        """Return why a search must go to the primary now; None when it may go to the replica."""
        if self._clock() - self._rested_at < self._rest:
            return self._failure
        if self._problem is not None:
            return self._problem
        return "lagging" if self.lag() > self._limit else None


def reason_of(error: BaseException) -> Reason:
    """Return why a search failed on the replica."""
    if isinstance(error, ReplicaBehind):
        return "behind"
    if isinstance(error, TimeoutError):
        return "slow"
    # What serving raises in the place of the driver's errors has them as its cause.
    met = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(met, PoolTimeout):
        return "pool"
    state = met.sqlstate if isinstance(met, psycopg.Error) else None
    if state is not None:
        return _reason_of_state(state)
    return "unreachable" if isinstance(met, psycopg.OperationalError) else "error"


def _reason_of_state(state: str) -> Reason:
    """Return what an SQLSTATE means here; 57P04 is a database that was dropped under the search."""
    if state == "RG001":
        return "model"
    if state == "57014":
        return "slow"
    if state[:2] == "40":
        return "conflict"
    if state[:2] in ("42", "3F"):
        return "schema"
    return "unreachable" if state[:2] in ("08", "28", "3D", "53", "57") else "error"
