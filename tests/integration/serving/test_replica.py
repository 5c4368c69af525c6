"""Searches on a real standby: it answers while it proves to be as new as the primary; else the primary does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import structlog
from prometheus_client import REGISTRY

from corpus.embedding import EmbedderSpec, load_embedder
from corpus.models import load, serving_model
from ingestion import reembedding
from ingestion.sources import change_source
from ingestion.workbench import Workbench
from regesta.commands import doctor
from serving.settings import ServingSettings
from sql import FOLDER
from tests.embedding_server import DIMENSIONS
from tests.embedding_server import running as running_model
from tests.integration.ingestion.conftest import Folder
from tests.standby import Standby

TIMEOUT = 1.0
QUESTION = "How many berths does the old harbour have?"
HARBOUR = "# Harbour\n\nThe old harbour has 12 berths for fishing boats."
LIGHTHOUSE = "# Lighthouse\n\nThe lighthouse stands on a rock of 40 metres."


@pytest.fixture(scope="module")
def standby(cluster: Any, bench: Workbench) -> Iterator[Standby]:
    standby = Standby(cluster)
    standby.copy()
    try:
        standby.start()
        yield standby
    finally:
        standby.stop()
        standby.delete()


@pytest.fixture(scope="module")
def replica_url(standby: Standby, database: Any) -> str:
    return f"postgresql://127.0.0.1:{standby.port}/{database.name}"


@pytest.fixture
def api(serving: Any, standby: Standby, replica_url: str) -> Iterator[httpx.Client]:
    """An API that keeps no search results: every question is searched for, on a replica that is in use."""
    with serving(generator="extractive", replica_url=replica_url, replica_timeout=TIMEOUT, retrieval_ttl=0) as client:
        until(client, "ok")
        yield client


@pytest.fixture
def folder(bench: Workbench, source_bucket: str) -> Folder:
    """The documents of a tenant of their own."""
    folder = Folder(bench, source_bucket, f"r{uuid4().hex[:12]}")
    folder.put("harbour.md", HARBOUR)
    folder.put("lighthouse.md", LIGHTHOUSE)
    folder.sync()
    return folder


def state(client: httpx.Client) -> str:
    reply = client.get("/health/ready")
    assert reply.status_code == 200, "a replica is no reason to be taken out of service"
    return str(reply.json()["checks"]["replica"])


def until(client: httpx.Client, wanted: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while (found := state(client)) != wanted:
        assert time.monotonic() < deadline, f"the replica is {found}, not {wanted}"
        time.sleep(0.05)


def count(reason: str | None = None) -> float:
    """Return how many searches the replica did, or the primary for a reason."""
    if reason is None:
        return REGISTRY.get_sample_value("regesta_replica_searches_total") or 0
    return REGISTRY.get_sample_value("regesta_replica_fallbacks_total", {"reason": reason}) or 0


def texts(client: httpx.Client, key: str | None = None, **more: Any) -> list[str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    reply = client.post("/v1/search", json={"query": QUESTION, **more}, headers=headers)
    assert reply.status_code == 200, reply.text
    return [hit["text"] for hit in reply.json()["hits"]]


def test_a_search_is_done_by_the_standby(
    api: httpx.Client, standby: Standby, folder: Folder, new_key: Callable[..., str]
) -> None:
    key = new_key(folder.name)
    standby.catch_up()
    known, logged = count(), standby.searches()
    assert "12 berths" in texts(api, key)[0]
    answer = api.post("/v1/ask", json={"question": QUESTION}, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200 and "12 berths" in answer.text
    assert count() == known + 2
    assert standby.searches() == logged + 2


def test_scopes_hold_on_the_standby(
    api: httpx.Client, standby: Standby, bench: Workbench, source_bucket: str, new_key: Callable[..., str]
) -> None:
    private = Folder(bench, source_bucket, f"p{uuid4().hex[:12]}", access_groups=["board"])
    private.put("harbour.md", HARBOUR)
    private.sync()
    board, guest, stranger = new_key(private.name, ("board",)), new_key(private.name), new_key("nobody", ("board",))
    standby.catch_up()
    known = count()
    assert texts(api, board)
    assert texts(api, guest) == texts(api, stranger) == []
    assert count() == known + 3


def test_looking_back_is_for_the_primary(api: httpx.Client, standby: Standby, folder: Folder, new_key: Any) -> None:
    key = new_key(folder.name)
    [(now,)] = folder.query("select clock_timestamp()")
    standby.catch_up()
    before, searches = count("looks-back"), standby.searches()
    assert texts(api, key, as_of=now.isoformat())
    assert (count("looks-back"), standby.searches()) == (before + 1, searches)


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
def test_a_deleted_document_never_comes_from_a_standby_that_still_has_it(
    api: httpx.Client, standby: Standby, folder: Folder, new_key: Any, mode: str
) -> None:
    key, other = new_key(folder.name), new_key()
    with standby.paused():
        folder.delete("harbour.md")
        folder.sync(confirm_removals=True)
        assert standby.run("select pg_is_wal_replay_paused()") == [(True,)]
        assert not [text for text in texts(api, key, mode=mode) if "berths" in text]
        until(api, "lagging")
        lagging = count("lagging")
        assert not [text for text in texts(api, key, mode=mode) if "berths" in text]
        texts(api, other)
        assert count("lagging") == lagging + 2
    until(api, "ok")
    standby.catch_up()
    known = count()
    assert not [text for text in texts(api, key, mode=mode) if "berths" in text]
    assert count() == known + 1


def test_another_tenants_searches_go_on_while_one_is_behind(
    serving: Any, replica_url: str, standby: Standby, folder: Folder, bench: Workbench, new_key: Any
) -> None:
    """Long before the lag says so, the release does; and only of whom it concerns."""
    key, other = new_key(folder.name), new_key()
    with serving(generator="extractive", replica_url=replica_url, replica_lag_seconds=600, retrieval_ttl=0) as client:
        until(client, "ok")
        with standby.paused():
            assert texts(client, key)
            with bench.connect() as connection:
                change_source(connection, folder.name, "test", access_groups=["board"])
            known, behind, lagging = count(), count("behind"), count("lagging")
            assert texts(client, key) == []
            assert texts(client, other) is not None
            assert (count(), count("behind"), count("lagging")) == (known + 1, behind + 1, lagging)


def test_no_reader_ever_goes_back_in_time(
    serving: Any, replica_url: str, standby: Standby, folder: Folder, new_key: Any
) -> None:
    """Edits while questions are asked: whoever asks after an edit was published finds it, from the caches too."""
    key = new_key(folder.name)
    with (
        serving(generator="extractive", replica_url=replica_url, replica_lag_seconds=600, answer_cache=True) as client,
        ThreadPoolExecutor(2) as readers,
    ):
        until(client, "ok")
        published, over = [12], False

        def read() -> tuple[int, list[str]]:
            asked, wrong = 0, []
            while not over:
                least = published[0]
                body = {"question": QUESTION}
                reply = client.post("/v1/ask", json=body, headers={"Authorization": f"Bearer {key}"}).json()
                known = [berths for berths in range(12, 20) if f"{berths} berths" in reply["answer"]]
                asked += 1
                if not known or known[0] < least:
                    wrong.append(f"after {least}: {reply['answer']}")
            return asked, wrong

        known, behind = count(), count("behind")
        reading = [readers.submit(read) for _ in range(2)]
        try:
            for berths in range(13, 17):
                with standby.paused():
                    folder.put("harbour.md", HARBOUR.replace("12", str(berths)), later=True)
                    folder.sync()
                    published[0] = berths
                    time.sleep(0.3)
        finally:
            over = True
        results = [each.result(60) for each in reading]
    assert [wrong for _, wrong in results if wrong] == []
    assert min(asked for asked, _ in results) > 10
    assert count("behind") > behind and count() > known


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
