"""Every check finds what it is there to find, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from corpus.objects import raw_key
from ingestion import purging, steps
from ingestion.reconciliation import checks, find_discrepancies, reconcile
from ingestion.settings import IngestionSettings
from ingestion.sources import add_source
from ingestion.workbench import Workbench
from regesta.commands import doctor
from sql import queries

NOW = timedelta(0)
ONE = "(select id from corpus.versions where state = '{}' limit 1)"

SABOTAGE = {
    "unbalanced_runs": "update landing.run_items set outcome = null, reason = null, settled_at = null",
    "stuck_runs": "update landing.runs set state = 'running', settled_at = null, started_at = now() - interval '2 days'"
    " where id = (select max(id::text)::uuid from landing.runs)",
    "ledger_without_version": "update landing.run_items set version_id = uuidv7() where outcome = 'indexed'",
    "version_without_ledger": "update landing.run_items set version_id = null",
    "missing_objects": "update landing.objects set deleted_at = now()",
    "truncated_objects": "update landing.objects set byte_count = byte_count + 1",
    "unregistered_objects": "delete from landing.objects",
    "undeleted_objects": "update landing.objects set deleted_at = now() - interval '1 minute'",
    "unfinished_erasures": "insert into landing.erasures"
    " (tenant_id, source_id, uri_sha256, actor, reason, counts, pending_keys, erased_at)"
    " select tenant_id, id, repeat('0', 64), 'a', 'r', '{}', '{raw/x}',"
    " now() - interval '1 minute' from landing.sources limit 1",
    "returned_erasures": "insert into landing.erasures (tenant_id, source_id, uri_sha256, actor, reason, counts)"
    " select tenant_id, source_id, encode(sha256(convert_to(uri, 'UTF8')), 'hex'), 'a', 'r', '{}'"
    " from corpus.documents",
    "stuck_requests": "insert into landing.requests (tenant_id, kind, document_id, actor, reason, requested_at)"
    " values ('default', 'restore', uuidv7(), 'a', 'r', now() - interval '2 days')",
    "current_versions": "update corpus.versions set state = 'superseded' where id = <current>",
    "registry_disagrees": "insert into corpus.pins (document_id, version_id, tenant_id, actor, reason)"
    " select document_id, null, tenant_id, 'a', 'r' from corpus.versions where id = <current>",
    "misplaced_versions": "update corpus.versions set state = 'candidate' where state = 'superseded'",
    "version_numbers": "update corpus.versions set number = 7 where id = <current>",
    "open_publications": "delete from corpus.publications where upper_inf(valid)",
    "contents": "delete from corpus.version_chunks where position = 0 and version_id = <current>",
    "foreign_chunks": "update corpus.version_chunks set chunk_id = (select id from corpus.chunks limit 1)",
    "live_chunks": "update corpus.chunks set is_live = not is_live",
    "orphaned_chunks": "delete from corpus.version_chunks where version_id = <current>",
    "missing_vectors": "delete from corpus.embeddings_1",
    "orphaned_vectors": "delete from corpus.chunks",
    "access_groups": "update corpus.documents set access_groups = '{other}'",
    "tenants": "update corpus.documents set tenant_id = 'other'",
    "signatures": "delete from corpus.signature_bands",
    "similarities": "insert into corpus.similarities"
    " (version_id, other_version_id, document_id, other_document_id, tenant_id, similarity, method)"
    " select least(one, <purged>), greatest(one, <purged>), uuidv7(), uuidv7(), 'default', 1, 'exact'"
    " from (values (<current>)) as pair (one)",
    "pins": "insert into corpus.pins (document_id, version_id, tenant_id, actor, reason)"
    " select document_id, id, tenant_id, 'a', 'r' from corpus.versions where id = <purged>",
    "cached_answers": "insert into serving.cached_answer_chunks (answer_id, chunk_id, tenant_id)"
    " select uuidv7(), id, tenant_id from corpus.chunks where not is_live limit 1",
    "statistics": "delete from corpus.lexeme_statistics where lexeme ="
    " (select min(lexeme) from corpus.lexeme_statistics)",
}
"""What breaks each promise; run by a superuser with foreign keys off; `<state>` is a version in it."""


@pytest.fixture(scope="module")
def bench(settings: Callable[..., Any], s3: Any) -> Workbench:
    """A workbench with a landing bucket of its own: in the others' lie objects of other databases."""
    bucket = f"landing-{uuid4().hex[:8]}"
    s3.client.create_bucket(Bucket=bucket)
    return Workbench(settings(IngestionSettings, s3_bucket=bucket))


@pytest.fixture(scope="module")
def history(bench: Workbench, source_bucket: str) -> str:
    """A source with two documents, one of which is at v3, its v1 purged; returns its name."""
    name = f"h{uuid4().hex[:12]}"
    with bench.connect() as connection:
        add_source(connection, name, f"s3://{source_bucket}/{name}/")
    bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/다른.md", Body="# 다른 문서\n\n그대로 있습니다.".encode())
    for number in range(3):
        body = f"# Rules\n\nKeys rotate every {number} days. " + " ".join(map(str, range(200)))
        bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/rules.md", Body=body.encode())
        run_id, [key] = steps.discover(bench, name, "local", f"test__{uuid4()}")
        for _, step in steps.BATCH_STEPS:
            key = step(bench, key)
        assert steps.settle(bench, run_id).state == "succeeded"
    with bench.connect() as connection, connection.transaction():
        connection.execute(
            "create temporary table staged_versions on commit drop as"
            " select id as version_id, document_id, raw_sha256 from corpus.versions where number = 1"
            " and state = 'superseded'"
        )
        purging.delete_content(connection)
        connection.execute(queries("purge")["mark_purged"])
    return name


@contextmanager
def broken(database: Any, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """Break something in a transaction that is rolled back, and go on as ingestion."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("set session_replication_role = replica")
        for state in ("current", "purged"):
            statement = statement.replace(f"<{state}>", ONE.format(state))
        done = connection.execute(statement)  # type: ignore[arg-type]
        assert done.rowcount > 0, "nothing was broken"
        connection.execute("set local role regesta_ingestion")
        yield connection
        connection.rollback()


@contextmanager
def broken_for_good(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """End what the history says is served, where every other session sees it; mend it afterwards."""
    change = "update corpus.publications set valid = tstzrange(lower(valid), {}) where {} returning id"
    ended = connection.execute(change.format("lower(valid) + interval '1 us'", "upper_inf(valid)")).fetchall()  # type: ignore[arg-type]
    try:
        yield
    finally:
        ids = [publication_id for (publication_id,) in ended]
        connection.execute(change.format("null", "id = any(%s)"), [ids])  # type: ignore[arg-type]


def test_nothing_is_found_where_all_is_well(bench: Workbench, history: str) -> None:
    with bench.connect() as connection:
        assert reconcile(connection, bench.store, NOW) == []


@pytest.mark.parametrize("check", SABOTAGE)
def test_a_check_finds_what_it_is_for(bench: Workbench, database: Any, history: str, check: str) -> None:
    with broken(database, SABOTAGE[check]) as connection:
        found = {entry.check for entry in find_discrepancies(connection, bench.store, NOW)}
    assert check in found


def test_bytes_that_are_gone_from_s3_are_found(bench: Workbench, history: str) -> None:
    with bench.connect() as connection:
        row = connection.execute("select raw_sha256 from corpus.versions where state = 'current' limit 1").fetchone()
        assert row
        data = bench.store.get(raw_key(row[0]))
        bench.store.delete([raw_key(row[0])])
        found = reconcile(connection, bench.store, NOW)
        bench.store.put(raw_key(row[0]), data)
    assert [entry.check for entry in found] == ["missing_objects"]


def test_what_s3_alone_has_is_found_after_its_time_of_grace(bench: Workbench, history: str) -> None:
    keys = (raw_key("0" * 64), f"runs/{uuid4()}/0000/parsed.jsonl")
    for key in keys:
        bench.store.put(key, b"left behind")
    with bench.connect() as connection:
        assert reconcile(connection, bench.store) == []
        found = reconcile(connection, bench.store, timedelta(seconds=-5))
    bench.store.delete(keys)
    assert [(entry.check, entry.found) for entry in found] == [
        ("unregistered_objects", keys[0]),
        ("staged_leftovers", keys[1]),
    ]


def test_the_doctor_tells_what_was_found_and_what_to_do(
    bench: Workbench, history: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_ingestion", lambda: bench)
    assert [(finding.check, finding.state) for finding in doctor.compare()] == [("reconciliation", "ok")]
    with bench.connect() as connection, broken_for_good(connection):
        findings = list(doctor.compare())
    assert [(finding.check, finding.state) for finding in findings] == [("open_publications", "failed")]
    assert "the history says nothing" in findings[0].found and "Sync the source" in findings[0].advice


def test_every_check_is_tested_and_says_what_it_promises() -> None:
    assert set(SABOTAGE) | {"staged_leftovers"} == set(checks())
    assert all(promise.endswith(".") for promise in checks().values())
