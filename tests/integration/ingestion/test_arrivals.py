"""The landing door and the outbox against real Postgres and real S3."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from corpus.landing import LandingRefused, put, withdraw
from corpus.objects import raw_key
from ingestion import runs
from ingestion.arrivals import settle_arrivals, waiting_sources
from ingestion.connectors.upload import UploadConnector
from ingestion.settings import IngestionSettings
from ingestion.sources import Source, add_source
from ingestion.workbench import Workbench


class Inbox:
    """An upload source of its own."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.name = bench, f"u{uuid4().hex[:12]}"
        self.connection = bench.connect()
        self.source: Source = add_source(self.connection, self.name, "upload://")
        self.connector = UploadConnector(self.source.id, bench.store, bench.connect)

    def put(self, name: str, data: str | bytes, connection: Any = None) -> Any:
        body = data.encode() if isinstance(data, str) else data
        return put(
            connection or self.connection, self.bench.store, self.name, name, body,
            media_type="text/plain", actor="test", max_bytes=1000,
        )  # fmt: skip

    def withdraw(self, name: str) -> Any:
        return withdraw(self.connection, self.name, name, actor="test")

    def open(self) -> UUID:
        return runs.open_run(self.connection, self.source, "local", f"test__{uuid4()}")[0]

    def close(self, run_id: UUID) -> int:
        assert runs.settle_run(self.connection, run_id, 10_000).state == "succeeded"
        return settle_arrivals(self.connection, run_id)

    def waits(self) -> bool:
        return self.name in waiting_sources(self.connection)


@pytest.fixture(scope="module")
def bench(settings: Any) -> Workbench:
    return Workbench(settings(IngestionSettings))


@pytest.fixture
def inbox(bench: Workbench) -> Iterator[Inbox]:
    found = Inbox(bench)
    yield found
    found.connection.close()


def test_put_lands_the_bytes_then_the_rows(inbox: Inbox) -> None:
    arrival = inbox.put("휴가 규정.md", "휴가는 15일입니다.")
    assert arrival.uri == f"upload://{inbox.name}/휴가 규정.md"
    assert inbox.bench.store.get(raw_key(arrival.sha256)).decode() == "휴가는 15일입니다."
    (listed,) = inbox.connector.list()
    assert (listed.uri, listed.etag, listed.modified_at) == (arrival.uri, arrival.sha256, arrival.arrived_at)
    assert inbox.connector.read(arrival.uri).data.decode() == "휴가는 15일입니다."
    assert inbox.source.schedule == "manual"


def test_the_newest_arrival_is_the_state(inbox: Inbox) -> None:
    inbox.put("a.md", "one")
    second = inbox.put("a.md", "two")
    inbox.put("b.md", "b")
    assert {entry.etag for entry in inbox.connector.list()} == {second.sha256, inbox.put("b.md", "b").sha256}
    inbox.withdraw("a.md")
    assert [entry.uri for entry in inbox.connector.list()] == [f"upload://{inbox.name}/b.md"]
    third = inbox.put("a.md", "one")
    assert third.arrived_at > second.arrived_at
    assert len(inbox.connector.list()) == 2


def test_names_in_two_unicode_forms_are_one_document(inbox: Inbox) -> None:
    inbox.put(unicodedata.normalize("NFC", "가.md"), "composed")
    inbox.put(unicodedata.normalize("NFD", "가.md"), "decomposed")
    assert len(inbox.connector.list()) == 1


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.md", "", "is empty"),
        ("a.md", "x" * 1001, "limit is 1000"),
        ("", "x", "no file name"),
        ("..", "x", "no file name"),
        ("../a.md", "x", "without folders"),
        ("a\\b.md", "x", "without folders"),
        ("a\nb.md", "x", "U\\+000A"),
        ("gpj.\u202efdp.md", "x", "U\\+202E"),
        ("a" * 201, "x", "limit is 200"),
    ],
)
def test_what_cannot_be_a_document_is_refused_at_the_door(inbox: Inbox, name: str, data: str, message: str) -> None:
    with pytest.raises(LandingRefused, match=message):
        inbox.put(name, data)
    assert not inbox.connector.list()


def test_the_door_knows_its_sources(inbox: Inbox) -> None:
    arguments: dict[str, Any] = {"media_type": "text/plain", "actor": "test", "max_bytes": 10}
    with pytest.raises(LandingRefused, match="There is no source 'nowhere'"):
        put(inbox.connection, inbox.bench.store, "nowhere", "a.md", b"x", **arguments)
    name = f"s{uuid4().hex[:12]}"
    add_source(inbox.connection, name, "s3://bucket/x/")
    with pytest.raises(LandingRefused, match="'s3' is the kind"):
        put(inbox.connection, inbox.bench.store, name, "a.md", b"x", **arguments)
    with pytest.raises(LandingRefused, match="There is no upload://"):
        inbox.withdraw("never.md")


def test_what_was_erased_does_not_come_back(inbox: Inbox) -> None:
    uri = f"upload://{inbox.name}/person.md"
    inbox.connection.execute(
        "insert into landing.erasures (tenant_id, source_id, uri_sha256, actor, reason, counts)"
        " values ('default', %s, encode(sha256(convert_to(%s, 'UTF8')), 'hex'), 'test', 'asked', '{}')",
        [inbox.source.id, uri],
    )
    with pytest.raises(LandingRefused, match="erased for good"):
        inbox.put("person.md", "again")
    inbox.put("other.md", "fine")


def test_a_successful_run_settles_what_it_has_seen_and_nothing_later(inbox: Inbox) -> None:
    inbox.put("a.md", "one")
    inbox.put("gone.md", "x")
    inbox.withdraw("gone.md")
    assert inbox.waits()
    run_id = inbox.open()
    late = inbox.put("a.md", "two")
    assert inbox.close(run_id) == 3
    assert inbox.waits()
    waiting = inbox.connection.execute(
        "select id from landing.arrivals where source_id = %s and settled_at is null", [inbox.source.id]
    )
    assert waiting.fetchall() == [(late.id,)]
    assert inbox.close(inbox.open()) == 1
    assert not inbox.waits()
    assert settle_arrivals(inbox.connection, run_id) == 0


def test_a_failed_run_and_a_failed_document_settle_nothing(inbox: Inbox) -> None:
    bad, _ = inbox.put("bad.md", "one"), inbox.put("good.md", "two")
    failed = inbox.open()
    runs.fail_run(inbox.connection, failed, "test")
    assert settle_arrivals(inbox.connection, failed) == 0
    run_id = inbox.open()
    inbox.connection.execute(
        "insert into landing.run_items (run_id, uri, change, outcome, reason, settled_at)"
        " values (%s, %s, 'added', 'failed', 'unreadable: test', now())",
        [run_id, bad.uri],
    )
    assert inbox.close(run_id) == 1
    assert inbox.waits()


def test_a_run_begins_only_when_nobody_is_halfway_through_the_door(inbox: Inbox) -> None:
    """An arrival that has its time but is not committed yet must be seen by the run that would settle it."""
    other = inbox.bench.connect()
    opened: list[UUID] = []
    thread = threading.Thread(target=lambda: opened.append(inbox.open()))
    with other.transaction():
        arrival = inbox.put("a.md", "halfway", other)
        thread.start()
        thread.join(0.5)
        assert not opened, "the run must wait for the arrival"
    thread.join(10)
    other.close()
    assert [entry.etag for entry in inbox.connector.list()] == [arrival.sha256]
    inbox.close(opened[0])
    inbox.close(inbox.open())
    assert not inbox.waits()


def test_a_disabled_source_is_not_announced(inbox: Inbox) -> None:
    inbox.put("a.md", "one")
    inbox.connection.execute("update landing.sources set is_enabled = false where id = %s", [inbox.source.id])
    assert not inbox.waits()


def test_an_arrival_wakes_who_listens_only_when_it_is_committed(inbox: Inbox, database: Any) -> None:
    with psycopg.connect(database.conninfo("regesta_ingestion"), autocommit=True) as listener:
        listener.execute("listen regesta_arrivals")
        other = inbox.bench.connect()
        with other.transaction():
            inbox.put("a.md", "one", other)
            assert not list(listener.notifies(timeout=0.3, stop_after=1))
        other.close()
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1
