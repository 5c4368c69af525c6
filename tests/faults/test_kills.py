"""kill -9 at any moment of any step: run again, it ends as if nothing had been."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tests.faults.conftest import IS_FULL, Run, sample
from tests.faults.scenario import SOURCE, World

SEED = 20261125
ROUNDS = 3
STEPS = ("discover", "land", "parse", "chunk", "embed", "validate", "publish", "settle")
NewWorld = Callable[..., World]


@dataclass
class Night:
    """One sync, step by step, each in a process of its own that may be killed once.

    Attributes:
        moments: How many moments each step passed, when it was not killed.
        killed: Which steps were, and when.
    """

    world: World
    run: Run
    run_id: str = ""
    moments: dict[str, int] = field(default_factory=dict)
    killed: dict[str, int] = field(default_factory=dict)

    def go(self, kill_at: dict[str, int], begin_anew_at: str | None = None) -> None:
        """Do every step; one that was killed is run again, or makes the whole run begin anew."""
        dag_run_id, key = f"test__{uuid4()}", ""
        for step in STEPS:
            arguments = {"discover": (SOURCE, dag_run_id), "settle": (self.run_id,)}.get(step, (key,))
            outcome = self.run(self.world, step, *arguments, kill_at=kill_at.get(step))
            if outcome.is_killed:
                self.killed[step] = kill_at[step]
                if step == begin_anew_at:
                    return self.go({})
                outcome = self.run(self.world, step, *arguments)
            self.moments[step] = outcome.calls
            if step == "discover":
                self.run_id, keys = outcome.result
                if not keys:  # everything had been published before the run began anew
                    self.run(self.world, "settle", self.run_id)
                    return None
                [key] = keys
            else:
                key = outcome.result or key
        return None


@pytest.fixture(scope="module")
def undisturbed(evening: World, new_world: NewWorld, run: Run) -> Night:
    """A sync that nothing happened to."""
    night = Night(new_world(evening, keep=True), run)
    night.go({})
    assert night.world.discrepancies() == []
    return night


def _rounds(moments: dict[str, int]) -> Iterator[dict[str, int]]:
    """Yield which moment of each step to kill at, until every moment of every step had its turn."""
    generator = random.Random(SEED)
    orders = {step: generator.sample(range(count), count) for step, count in moments.items()}
    for number in range(max(moments.values())):
        yield {step: order[number] for step, order in orders.items() if number < len(order)}


@pytest.mark.timeout(3600 if IS_FULL else 300)
def test_a_sync_killed_anywhere_ends_like_one_that_was_not(
    evening: World, undisturbed: Night, new_world: NewWorld, run: Run
) -> None:
    expected, ledger = undisturbed.world.state(), undisturbed.world.ledger(undisturbed.run_id)
    rounds = list(_rounds(undisturbed.moments))
    kills = 0
    for number, kill_at in enumerate(rounds if IS_FULL else rounds[:ROUNDS]):
        night = Night(new_world(evening), run)
        anew = STEPS[-1 - number // 2 % len(STEPS)] if number % 2 else None
        night.go(kill_at, anew)
        kills += len(night.killed)
        told = f"killed at {night.killed}, begun anew after {anew}"
        found = night.world.state()
        assert {name: rows for name, rows in found.items() if rows != expected[name]} == {}, told
        assert night.world.discrepancies() == [], told
        if anew not in night.killed:
            assert night.world.ledger(night.run_id) == ledger, told
    assert kills >= (200 if IS_FULL else 4 * ROUNDS)


@pytest.mark.timeout(3600 if IS_FULL else 300)
@pytest.mark.parametrize("operation", ["restore", "restore_run", "purge", "erase"])
def test_an_operation_killed_anywhere_ends_like_one_that_was_not(
    undisturbed: Night, new_world: NewWorld, run: Run, operation: str
) -> None:
    morning = undisturbed.world
    arguments = {
        "restore": (morning.uri("edited.md"),),
        "restore_run": (undisturbed.run_id,),
        "purge": (),
        "erase": (morning.uri("copy of unchanged.md"),),
    }[operation]
    world = new_world(morning)
    calls = run(world, operation, *arguments).calls
    expected = world.state()
    assert expected != morning.state() and world.discrepancies() == []
    kills = 0
    for kill_at in sample(range(calls), 3, random.Random(f"{SEED} {operation}")):
        world = new_world(morning)
        kills += run(world, operation, *arguments, kill_at=kill_at).is_killed
        run(world, operation, *arguments)
        found = world.state()
        assert {name: rows for name, rows in found.items() if rows != expected[name]} == {}, f"killed at {kill_at}"
        assert world.discrepancies() == [], f"killed at {kill_at}"
    assert kills >= 3
