"""Parts of a set-up: in order, at the same time, and with the first error."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from regesta.stack.parts import UP_TO_DATE, Outcome, Part, run_parts
from regesta.stack.progress import Quiet


class Watcher:
    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def started(self, name: str) -> None:
        self.events.append(("started", name))

    def ended(self, outcome: Outcome) -> None:
        self.events.append(("failed" if outcome.error else "ended", outcome.name))


def note(text: str | None = None) -> Callable[[], str | None]:
    return lambda: text


def test_a_part_waits_for_what_it_needs() -> None:
    watcher = Watcher()
    outcomes = run_parts([Part("b", note(), ("a",)), Part("a", note(UP_TO_DATE))], watcher)
    assert watcher.events == [("started", "a"), ("ended", "a"), ("started", "b"), ("ended", "b")]
    assert [(outcome.name, outcome.note) for outcome in outcomes] == [("a", UP_TO_DATE), ("b", "")]


def test_independent_parts_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)

    def meet() -> None:
        meeting.wait()

    assert len(run_parts([Part(name, meet) for name in "abc"], Quiet())) == 3


def test_needs_outside_the_list_are_not_waited_for() -> None:
    assert [outcome.name for outcome in run_parts([Part("a", note(), ("postgres",))], Quiet())] == ["a"]


def test_the_first_error_ends_it_and_starts_nothing_more() -> None:
    def fail() -> None:
        raise RuntimeError("disk full")

    watcher = Watcher()
    with pytest.raises(RuntimeError, match="disk full"):
        run_parts([Part("a", fail), Part("b", note(), ("a",))], watcher)
    assert watcher.events == [("started", "a"), ("failed", "a")]


def test_parts_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        run_parts([Part("a", note(), ("b",)), Part("b", note(), ("a",))], Quiet())
