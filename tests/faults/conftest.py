"""Worlds to break: a source the evening before and the morning after, and copies of them for every try."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from ingestion import steps
from ingestion.settings import IngestionSettings
from ingestion.sources import add_source
from tests.faults.scenario import AFTER, BEFORE, SOURCE, World, copy_world, drop_world
from tests.faults.step_runner import Outcome, run_operation

IS_FULL = os.environ.get("FAULTS") == "full"
"""Every moment of every step; else a seeded sample."""
_SECONDS = 120
Run = Callable[..., Outcome]


def sync(world: World) -> str:
    """Sync without faults; return the run."""
    run_id, keys = steps.discover(world.bench, SOURCE, "local", f"test__{uuid4()}")
    for key in keys:
        for _, step in steps.BATCH_STEPS:
            key = step(world.bench, key)
    assert steps.settle(world.bench, run_id).balances
    return run_id


@pytest.fixture(scope="module")
def evening(settings: Callable[..., Any], s3: Any) -> Iterator[World]:
    """The source has been synced, and then everything happens to it. Never to be changed: copy it."""
    bucket = f"night-{uuid4().hex[:8]}"
    s3.client.create_bucket(Bucket=bucket)
    found = settings(IngestionSettings, s3_bucket=f"{bucket}-landing", parse_processes=1, land_threads=1)
    s3.client.create_bucket(Bucket=found.s3_bucket)
    world = World(found, bucket)
    with world.bench.connect() as connection:
        add_source(connection, SOURCE, f"s3://{bucket}/{SOURCE}/", raw_retention_days=0)
    for names in (BEFORE, AFTER):
        for name in BEFORE.keys() - AFTER.keys() if names is AFTER else ():
            s3.client.delete_object(Bucket=bucket, Key=f"{SOURCE}/{name}")
        for name, body in names.items():
            if names is BEFORE or BEFORE.get(name) != body:
                s3.client.put_object(Bucket=bucket, Key=f"{SOURCE}/{name}", Body=body)
        if names is BEFORE:
            sync(world)
    yield world
    for name in (bucket, found.s3_bucket):
        s3.client.delete_bucket(Bucket=name)  # with all that is in it; its volumes are needed by the next ones


@pytest.fixture(scope="module")
def new_world(cluster: Any, s3: Any) -> Iterator[Callable[..., World]]:
    """Give `new_world(origin)`: a copy that lives until the next one is made, or with `keep` to the end."""
    # A bucket is a few volumes of the server, which has not many: copies use the same one after another.
    spare = f"tries-{uuid4().hex[:8]}"
    s3.client.create_bucket(Bucket=spare)
    worlds: list[World] = []

    def make(origin: World, keep: bool = False) -> World:
        bucket = spare
        if keep:
            bucket = f"kept-{uuid4().hex[:8]}"
            s3.client.create_bucket(Bucket=bucket)
        else:
            for world in [world for world in worlds if world.settings.s3_bucket == spare]:
                drop_world(cluster.admin(), world)
                worlds.remove(world)
        worlds.append(copy_world(cluster.admin(), origin, s3.client, bucket))
        return worlds[-1]

    yield make
    for world in worlds:
        drop_world(cluster.admin(), world)
    for name in {spare, *(world.settings.s3_bucket for world in worlds)}:
        s3.client.delete_bucket(Bucket=name)


@pytest.fixture(scope="session")
def run() -> Run:
    """Give `run(world, operation, *arguments, kill_at=None)`, which runs it in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.warm"])

    def start(world: World, operation: str, *arguments: Any, kill_at: int | None = None) -> Outcome:
        answer, sender = context.Pipe(duplex=False)
        process = context.Process(target=run_operation, args=(world.settings, operation, arguments, kill_at, sender))
        process.start()
        sender.close()
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
            pytest.fail(f"{operation} did not end within {_SECONDS} s")
        if process.exitcode == -9 and kill_at is not None:
            return Outcome(is_killed=True)
        assert process.exitcode == 0, f"{operation} died with {process.exitcode}; see its output"
        result, calls = answer.recv()
        return Outcome(False, result, calls)

    return start


def sample(everything: Sequence[Any], size: int, generator: Any) -> list[Any]:
    """Return all in the full run, else `size` of them."""
    return list(everything) if IS_FULL else generator.sample(list(everything), min(size, len(everything)))
