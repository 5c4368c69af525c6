"""The circuit breaker: whatever happens in whatever order, it opens, waits, tries one, and decides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from serving.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Questions(RuleBasedStateMachine):
    """Questions come, end in any order and any way, and time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(3, 10.0, self.clock)
        self.running: list[int] = []
        self.refused_since: float | None = None

    @rule()
    def ask(self) -> None:
        before = self.breaker.state
        admission = self.breaker.enter()
        if admission is None:
            assert before != "closed"
        else:
            self.running.append(admission)
            assert before != "half-open", "two questions tried at once"

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 99), end=st.sampled_from(["succeeded", "failed", "left"]))
    def answer(self, which: int, end: str) -> None:
        getattr(self.breaker, end)(self.running.pop(which % len(self.running)))

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def is_never_stuck(self) -> None:
        if not self.running:
            assert self.breaker.state != "half-open", "nobody is left to decide"


TestQuestions = Questions.TestCase


@given(st.integers(1, 6))
def test_it_opens_after_so_many_failures_and_closes_after_one_success(threshold: int) -> None:
    clock = Clock()
    breaker = Breaker(threshold, 5.0, clock)
    for _ in range(threshold):
        admission = breaker.enter()
        assert admission is not None
        breaker.failed(admission)
    assert breaker.state == "open" and breaker.enter() is None
    clock.now += 5
    probe = breaker.enter()
    assert probe is not None and breaker.enter() is None
    breaker.succeeded(probe)
    assert breaker.state == "closed"


def test_a_late_failure_does_not_close_or_open_it() -> None:
    clock = Clock()
    breaker = Breaker(1, 5.0, clock)
    early, late = breaker.enter(), breaker.enter()
    assert early is not None and late is not None
    breaker.failed(early)
    clock.now += 5
    probe = breaker.enter()
    assert probe is not None
    breaker.failed(late)
    breaker.succeeded(late)
    assert breaker.state == "half-open"
