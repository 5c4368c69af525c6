"""Any call of any step fails: the step says so, and trying again ends as if nothing had been."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from corpus.embedding import EmbeddingError
from corpus.errors import CorpusError
from ingestion import runs, steps
from ingestion.errors import IngestionError
from tests.faults.calls import Call, Kind, intercepted
from tests.faults.conftest import IS_FULL, sample, sync
from tests.faults.scenario import SOURCE, World
from tests.faults.step_runner import HashEmbedder, warm

SEED = 20261126
SAMPLE = 3
"""Failures per kind of call."""


def fail(call: Call) -> None:
    """Fail a call as the real thing would; whether it did its work before is what `is_after` says."""
    if call.kind == "db":
        owner = call.made_by
        connection = getattr(owner, "connection", None) or owner._conn
        connection.pgconn.finish()  # the connection is gone as well
        raise psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")
    if call.kind == "embed":
        raise EmbeddingError("The model server did not answer within 30 s.")
    if call.number % 2:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    unavailable = {"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate."},
                   "ResponseMetadata": {"HTTPStatusCode": 503}}  # fmt: skip
    raise ClientError(unavailable, "PutObject")  # type: ignore[arg-type]


class Night:
    """One sync in this process in which the nth call of a kind fails once; counts the calls when none does."""

    def __init__(self, world: World, kind: Kind, fails_at: int | None) -> None:
        self.world, self.kind, self.fails_at = world, kind, fails_at
        self.bench = world.bench
        self.passed = 0
        self.errors: list[Exception] = []

    def react(self, call: Call) -> None:
        """Let one call fail."""
        if call.kind == self.kind:
            self.passed += 1
            if self.passed - 1 == self.fails_at:
                fail(call)

    def attempt(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Do a step, again if it fails, as Airflow does."""
        try:
            return step(self.bench, *arguments)
        except (IngestionError, CorpusError, psycopg.Error) as error:
            self.errors.append(error)
            return step(self.bench, *arguments)

    def go(self) -> str:
        """Do every step; return the run."""
        dag_run_id = f"test__{uuid4()}"
        with intercepted(self.react, HashEmbedder):
            run_id, keys = self.attempt(steps.discover, SOURCE, "local", dag_run_id)
            for key in keys:
                for _, step in steps.BATCH_STEPS:
                    key = self.attempt(step, key)
            self.attempt(steps.settle, run_id)
        return str(run_id)


@pytest.fixture(scope="module")
def expected(evening: World, new_world: Callable[..., World]) -> World:
    """What an undisturbed sync leaves."""
    warm()
    world = new_world(evening, keep=True)
    sync(world)
    return world


@pytest.mark.timeout(3600 if IS_FULL else 300)
@pytest.mark.parametrize("kind", ["db", "s3", "embed"])
def test_any_call_may_fail_once(evening: World, expected: World, new_world: Callable[..., World], kind: Kind) -> None:
    quiet = Night(new_world(evening), kind, None)
    quiet.go()
    state = expected.state()
    assert quiet.world.state() == state and not quiet.errors
    for fails_at in sample(range(quiet.passed), SAMPLE, random.Random(f"{SEED} {kind}")):
        night = Night(new_world(evening), kind, fails_at)
        run_id = night.go()
        with night.bench.connect() as connection:
            receipt = runs.receipt(connection, run_id)  # type: ignore[arg-type]
        told = f"{kind} call {fails_at} failed; {night.errors}"
        assert receipt.balances, told
        # Either a step stopped with an error, or a document is in the ledger with the reason.
        assert (len(night.errors), receipt.failed) in ((1, 0), (0, 1)), told
        if receipt.failed:
            [failed] = [row for row in night.world.ledger(run_id) if row[1] == "failed"]
            assert failed[2].startswith("unreadable: "), told
            sync(night.world)
        assert night.world.discrepancies() == [], told
        found = night.world.state()
        assert {name: rows for name, rows in found.items() if rows != state[name]} == {}, told
