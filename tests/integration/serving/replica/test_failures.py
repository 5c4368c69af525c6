"""A standby that is away, slow, too old or none at all: the primary searches, and nobody gets an error."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest
import structlog

from corpus.embedding import EmbedderSpec, load_embedder
from corpus.models import load, serving_model
from ingestion import reembedding
from ingestion.workbench import Workbench
from regesta.commands import doctor
from serving.settings import ServingSettings
from sql import FOLDER
from tests.embedding_server import DIMENSIONS
from tests.embedding_server import running as running_model
from tests.integration.ingestion.conftest import Folder
from tests.integration.serving.replica.conftest import (
    TIMEOUT,
    count,
    texts,
    until,
)
from tests.standby import Standby


def test_a_standby_that_stops_and_comes_back(api: httpx.Client, standby: Standby, folder: Folder, new_key: Any) -> None:
    key = new_key(folder.name)
    standby.catch_up()
    assert texts(api, key)
    with structlog.testing.capture_logs() as logged:
        standby.stop()
        try:
            # Until the watch has seen it, there may also be no connection in time.
            known, before = count(), count("unreachable") + count("pool")
            for _ in range(20):
                assert "12 berths" in texts(api, key)[0]
            assert (count(), count("unreachable") + count("pool")) == (known, before + 20)
            until(api, "unreachable")
            before = count("unreachable")
            assert texts(api, key)
            assert count("unreachable") == before + 1
        finally:
            standby.start()
        until(api, "ok", 40)
    standby.catch_up()
    known = count()
    for _ in range(5):
        assert texts(api, key)
        time.sleep(0.3)
    assert count() >= known + 4
    told = [entry["event"] for entry in logged if entry["event"].startswith("replica_")]
    assert told[0] == "replica_not_used" and told[-1] == "replica_used" and len(told) <= 6


def test_a_standby_that_hangs_costs_one_question_its_time(
    api: httpx.Client, standby: Standby, folder: Folder, new_key: Any
) -> None:
    key = new_key(folder.name)
    standby.catch_up()
    assert texts(api, key)
    slow = count("slow")
    with standby.frozen():
        seconds = []
        for _ in range(20):
            began = time.monotonic()
            assert "12 berths" in texts(api, key)[0]
            seconds.append(time.monotonic() - began)
            time.sleep(0.05)
        assert TIMEOUT <= seconds[0] < TIMEOUT + 1
        assert max(seconds[1:]) < TIMEOUT / 2
        assert count("slow") == slow + 20
    until(api, "ok", 40)


def test_an_api_starts_and_stops_beside_a_standby_that_hangs(
    serving: Any, standby: Standby, replica_url: str, folder: Folder, new_key: Any
) -> None:
    key = new_key(folder.name)
    standby.catch_up()
    with standby.frozen():
        began = time.monotonic()
        with serving(generator="extractive", replica_url=replica_url, replica_timeout=TIMEOUT) as client:
            assert texts(client, key)
            until(client, "unreachable")
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 4
        assert time.monotonic() - began < 30
    with ExitStack() as stack:
        client = stack.enter_context(
            serving(generator="extractive", replica_url=replica_url, replica_timeout=TIMEOUT, retrieval_ttl=0)
        )
        until(client, "ok")
        with standby.frozen():
            assert texts(client, key)
            leaving = time.monotonic()
            stack.close()
            assert time.monotonic() - leaving < 4


def test_a_schema_that_is_not_replayed_yet(
    api: httpx.Client, standby: Standby, folder: Folder, database: Any, new_key: Any
) -> None:
    key = new_key(folder.name)

    def rename(old: str, new: str) -> None:
        with psycopg.connect(database.conninfo("regesta_owner")) as owner:
            owner.execute(f"alter function corpus.{old} rename to {new}")  # type: ignore[call-overload]

    rename("search_chunks", "search_later")
    standby.catch_up()
    with standby.paused():
        rename("search_later", "search_chunks")
        before = count("schema")
        assert texts(api, key)
        assert count("schema") == before + 1
    until(api, "ok")


def test_a_search_that_replay_cannot_wait_for(
    serving: Any, standby: Standby, replica_url: str, folder: Folder, database: Any, new_key: Any
) -> None:
    key = new_key(folder.name)
    with (
        serving(generator="extractive", replica_url=replica_url, replica_timeout=8, retrieval_ttl=0) as client,
        psycopg.connect(database.conninfo("regesta_owner"), autocommit=True) as owner,
        ThreadPoolExecutor(1) as reader,
    ):
        until(client, "ok")
        owner.execute(
            "create or replace function corpus.sees_few(tenant text, groups text [], passage_limit integer)"
            " returns boolean language sql stable as 'select pg_sleep(2) is null'"
        )
        try:
            standby.catch_up()
            until(client, "ok")
            conflicts = count("conflict")
            reading = reader.submit(texts, client, key)
            time.sleep(0.5)
            with owner.transaction():
                owner.execute("lock table corpus.embedding_models in access exclusive mode")
            assert "12 berths" in reading.result(30)[0]
            assert count("conflict") == conflicts + 1
        finally:
            owner.execute((FOLDER / "functions" / "statistics.sql").read_bytes())
        standby.catch_up()
        until(client, "ok")
        known = count()
        assert texts(client, key)
        assert count() == known + 1, "one search that was ended is no reason to leave it alone"


def test_a_model_switch_that_is_not_replayed_yet(
    serving: Any, standby: Standby, replica_url: str, folder: Folder, bench: Workbench, new_key: Any
) -> None:
    key = new_key(folder.name)
    with running_model() as server, bench.connect() as connection:
        spec = EmbedderSpec(provider="http", model="bag", revision="r1", url=server.url, dimensions=DIMENSIONS)
        embedder = load_embedder(spec)
        model = reembedding.register(connection, embedder, spec)
        reembedding.build(connection, model, embedder)
        old = serving_model(connection)
        with serving(
            generator="extractive", replica_url=replica_url, replica_lag_seconds=600, retrieval_ttl=0, embedding_ttl=0
        ) as client:
            until(client, "ok")
            with standby.paused():
                assert "12 berths" in texts(client, key, mode="vector")[0]
                reembedding.switch(connection, model, embedder, "an operator", notice_seconds=0)
                asked, known, behind = server.embedded.total(), count(), count("behind")
                assert "12 berths" in texts(client, key, mode="vector")[0]
                assert server.embedded.total() > asked, "the new model embedded the question"
                # A tenant without documents has no release to be behind: there the model itself tells.
                before = count("model")
                assert texts(client, new_key("empty"), mode="vector") == []
                assert count("model") == before + 1
                assert count() == known and count("behind") > behind
            standby.catch_up()
            assert "12 berths" in texts(client, key, mode="vector")[0]
            assert count() == known + 1
            reembedding.switch(connection, old, load(old, bench.settings), "an operator", notice_seconds=0)


def test_what_is_no_standby_is_not_used(serving: Any, database: Any, folder: Folder, new_key: Any) -> None:
    with serving(generator="extractive", replica_url=database.url, retrieval_ttl=0) as client:
        until(client, "misfit")
        before = count("misfit")
        assert texts(client, new_key(folder.name))
        assert count("misfit") == before + 1


def test_the_doctor_looks_at_it_when_there_is_one(
    settings: Any, standby: Standby, replica_url: str, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def examined(**given: Any) -> list[doctor.Finding]:
        found = settings(ServingSettings, **given)
        monkeypatch.setattr("serving.settings.ServingSettings", lambda: found)
        return [finding for finding in doctor.examine() if finding.check == "replica"]

    assert examined() == []
    standby.catch_up()
    [finding] = examined(replica_url=replica_url)
    assert finding.state == "ok" and finding.found.startswith("follows")
    with standby.paused():
        with psycopg.connect(database.conninfo("regesta_owner")) as owner:
            owner.execute("set synchronous_commit = on")
            owner.execute("create table regesta.something (id integer)")
        [finding] = examined(replica_url=replica_url, replica_lag_seconds=1.0)
        assert finding.state == "warning" and "1 s behind" in finding.found
    [finding] = examined(replica_url=database.url)
    assert finding.state == "failed" and "REGESTA_REPLICA_URL" in finding.advice
    [finding] = examined(replica_url=f"postgresql://127.0.0.1:9/{database.name}")
    assert finding.state == "failed" and "REGESTA_REPLICA_URL" in finding.advice
