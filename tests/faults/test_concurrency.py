"""Two at once, and too late: whoever is newer wins, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest

from corpus.objects import ObjectStore, ObjectStoreUnavailable
from ingestion import erasure, steps
from ingestion.errors import RunSuperseded
from tests.faults.conftest import sync
from tests.faults.scenario import AFTER, SOURCE, World

NewWorld = Callable[..., World]
SERVED = (
    "select v.id, v.number from corpus.documents as d join corpus.versions as v on v.id = d.current_version_id"
    " where d.uri = %s"
)


@pytest.fixture(scope="module")
def expected(evening: World, new_world: NewWorld) -> World:
    """What one undisturbed sync leaves."""
    world = new_world(evening, keep=True)
    sync(world)
    return world


def until_publish(world: World) -> tuple[str, str]:
    """Do every step but the last ones; return the run and the key of its batch."""
    run_id, [key] = steps.discover(world.bench, SOURCE, "local", f"test__{uuid4()}")
    for name, step in steps.BATCH_STEPS:
        if name != "publish":
            key = step(world.bench, key)
    return run_id, key


def at_once(*work: Callable[[], object]) -> list[object]:
    """Do several things at the same time, each in its own session; return results or errors."""
    start = Barrier(len(work))

    def begin(one: Callable[[], object]) -> object:
        start.wait()
        try:
            return one()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(begin, work))


def test_a_batch_published_twice_at_once_is_published_once(
    evening: World, expected: World, new_world: NewWorld
) -> None:
    world = new_world(evening)
    run_id, key = until_publish(world)
    assert at_once(*[lambda: steps.publish(world.bench, key)] * 3) == [key] * 3
    assert steps.settle(world.bench, run_id).state == "succeeded"
    assert world.state() == expected.state()
    assert world.discrepancies() == []


def test_of_two_runs_at_once_one_wins_and_the_other_says_so(
    evening: World, expected: World, new_world: NewWorld
) -> None:
    world = new_world(evening)
    outcomes = at_once(*[lambda: sync(world)] * 2)
    assert any(isinstance(outcome, str) for outcome in outcomes)
    for outcome in outcomes:
        assert isinstance(outcome, str | RunSuperseded), repr(outcome)
    assert world.state() == expected.state()
    sync(world)  # removes what the run that gave way may have staged after it was superseded
    assert world.discrepancies() == []


def test_a_run_that_was_superseded_publishes_nothing_and_the_newer_one_everything(
    evening: World, expected: World, new_world: NewWorld
) -> None:
    world = new_world(evening)
    run_id, key = until_publish(world)
    sync(world)
    before = world.state()
    for late in (steps.publish, steps.embed):
        with pytest.raises(RunSuperseded):
            late(world.bench, key)
    assert steps.settle(world.bench, run_id).state == "failed"
    assert world.state() == before == expected.state()
    assert world.discrepancies() == []


def test_an_older_state_that_arrives_late_never_wins(evening: World, new_world: NewWorld) -> None:
    """Last night's batch, published by a run of its own after this morning's, changes nothing."""
    world = new_world(evening)
    uri = world.uri("edited.md")
    with world.bench.connect() as connection:
        connection.execute("update corpus.documents set modified_at = modified_at + interval '1 day'")
        [before] = connection.execute(SERVED, [uri]).fetchall()
    run_id = sync(world)
    with world.bench.connect() as connection:
        [after] = connection.execute(SERVED, [uri]).fetchall()
    assert after == before
    outcomes = {row[0]: (row[1], row[2]) for row in world.ledger(run_id)}
    assert outcomes[uri][0] == "unchanged" and outcomes[uri][1].startswith("stale: ")
    assert world.discrepancies() == []


def test_bytes_that_came_back_before_an_erasure_was_finished_stay(
    evening: World, new_world: NewWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world(evening)
    sync(world)
    name, again = "새것.html", f"{SOURCE}/handed in again.html"

    def unreachable(self: ObjectStore, keys: object) -> int:
        raise ObjectStoreUnavailable("S3 does not answer.")

    bench = world.bench
    with bench.connect() as connection, monkeypatch.context() as patch, pytest.raises(ObjectStoreUnavailable):
        patch.setattr(ObjectStore, "delete", unreachable)
        erasure.erase(connection, bench.store, world.uri(name), "test", "asked for")
    assert {entry.check for entry in world.discrepancies()} >= {"unfinished_erasures"}
    bench.s3.put_object(Bucket=world.bucket, Key=again, Body=AFTER[name])
    try:
        sync(world)
    finally:
        bench.s3.delete_object(Bucket=world.bucket, Key=again)
    with bench.connect() as connection:
        erasure.finish_erasures(connection, bench.store)
    assert world.discrepancies() == []
