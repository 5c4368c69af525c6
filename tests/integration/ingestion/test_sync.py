"""A source through every step against real Postgres, real S3 and the real registry view."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg
import pytest

from ingestion import staging, steps
from ingestion.errors import IngestionError, ListingShrank, RunSuperseded, SourceNotFound, SourceUnavailable
from ingestion.sources import add_source
from ingestion.workbench import Workbench

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

DOCUMENT = "# 보안 규정\n\n노트북은 5분 동안 쓰지 않으면 잠깁니다.\n\n## Keys\n\nKeys rotate every 90 days."


def test_first_sync_indexes_and_an_unchanged_one_costs_nothing(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    first = folder.sync()
    assert (first.state, first.discovered, first.indexed, first.chunks_embedded) == ("succeeded", 1, 1, 2)
    before = folder.query("select count(*), max(created_at) from corpus.chunks")
    second = folder.sync()
    assert (second.unchanged, second.chunks_embedded, second.chunks_kept) == (1, 0, 0)
    assert folder.query("select count(*), max(created_at) from corpus.chunks") == before


def test_an_edit_makes_v2_and_keeps_the_other_vectors(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.sync()
    folder.put("rules.md", DOCUMENT.replace("90 days", "30 days"))
    receipt = folder.sync()
    assert (receipt.indexed, receipt.chunks_kept, receipt.chunks_embedded) == (1, 1, 1)
    assert folder.live_texts() == {"노트북은 5분 동안 쓰지 않으면 잠깁니다.", "Keys rotate every 30 days."}
    versions = folder.query(
        "select v.number, v.state from corpus.versions as v join corpus.documents as d on d.id = v.document_id"
        " join landing.sources as s on s.id = d.source_id where s.name = %s order by 1",
        folder.name,
    )
    assert versions == [(1, "superseded"), (2, "current")]


def test_a_rewritten_file_with_the_same_bytes_is_unchanged(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.sync()
    folder.put("rules.md", DOCUMENT + "x")
    folder.put("rules.md", DOCUMENT)  # a newer object with the old content
    receipt = folder.sync()
    assert (receipt.unchanged, receipt.indexed) == (1, 0)


def test_a_deleted_document_leaves_in_the_same_run_and_can_come_back(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.put("other.md", "# Other\n\nStays here.")
    folder.sync()
    folder.delete("rules.md")
    receipt = folder.sync()
    assert receipt.deleted == 1
    assert folder.live_texts() == {"Stays here."}
    folder.put("rules.md", DOCUMENT)
    back = folder.sync()
    assert (back.indexed, back.chunks_embedded, back.chunks_kept) == (1, 0, 2)
    assert len(folder.live_texts()) == 3


def test_a_moved_document_costs_no_embedding(folder: Folder) -> None:
    folder.put("old/rules.md", DOCUMENT)
    folder.put("other.md", "# Other\n\nStays here.")
    folder.sync()
    folder.put("new/rules.md", DOCUMENT)
    folder.delete("old/rules.md")
    receipt = folder.sync()
    assert (receipt.indexed, receipt.deleted, receipt.chunks_embedded) == (1, 1, 0)


def test_bad_files_are_quarantined_by_name_and_the_run_succeeds(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.put("empty.txt", b"")
    folder.put("junk.pdf", bytes(range(256)) * 16)
    folder.put("image.png", b"\x89PNG\r\n")
    folder.put("nul.md", b"# a\x00b\n\ntext \x00 with nul")
    receipt = folder.sync()
    assert (receipt.state, receipt.indexed, receipt.quarantined) == ("succeeded", 1, 4)
    reasons = {name: reason.partition(":")[0] for name, reason in folder.problems(receipt).items()}
    assert reasons == {"empty.txt": "empty", "junk.pdf": "corrupt", "image.png": "corrupt", "nul.md": "binary"}
    again = folder.sync()
    assert (again.unchanged, again.quarantined) == (1, 4), "quarantined documents stay counted, not re-parsed"


def test_a_good_version_stays_served_when_the_next_one_is_junk(folder: Folder) -> None:
    folder.put("rules.pdf", DOCUMENT)
    folder.put("rules.md", DOCUMENT)
    folder.sync()
    folder.put("rules.md", b"\x00\x00")
    receipt = folder.sync()
    assert receipt.quarantined == 2
    assert "Keys rotate every 90 days." in folder.live_texts()


def test_an_empty_listing_stops_and_asks(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.sync()
    folder.delete("rules.md")
    with pytest.raises(ListingShrank, match="confirm"):
        folder.sync()
    assert folder.live_texts(), "nothing was deleted"
    [(state, reason)] = folder.query(
        "select r.state, r.reason from landing.runs as r join landing.sources as s on s.id = r.source_id"
        " where s.name = %s order by r.id desc limit 1",
        folder.name,
    )
    assert state == "failed" and "1 of 1" in reason
    assert folder.sync(confirm_removals=True).deleted == 1
    assert not folder.live_texts()


def test_a_step_that_never_ran_fails_the_run_and_the_next_run_heals_it(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    run_id, _ = steps.discover(folder.bench, folder.name, "local", f"test__{uuid4()}")
    receipt = steps.settle(folder.bench, run_id)
    assert (receipt.state, receipt.failed) == ("failed", 1)
    assert "not reached" in str(receipt.reason)
    assert folder.sync().indexed == 1


def test_every_step_can_be_repeated(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    run_id, [key] = steps.discover(folder.bench, folder.name, "local", f"test__{uuid4()}")
    for _, step in steps.BATCH_STEPS:
        result = step(folder.bench, key)
        assert step(folder.bench, key) == result
        key = result
    receipt = steps.settle(folder.bench, run_id)
    assert receipt == steps.settle(folder.bench, run_id)
    assert (receipt.state, receipt.indexed) == ("succeeded", 1)
    assert folder.query("select count(*) from corpus.versions where run_id = %s", UUID(run_id)) == [(1,)]


def test_a_superseded_run_can_no_longer_publish(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    _, [key] = steps.discover(folder.bench, folder.name, "local", f"test__{uuid4()}")
    for _, step in steps.BATCH_STEPS[:-1]:
        key = step(folder.bench, key)
    folder.sync()
    with pytest.raises(RunSuperseded):
        steps.publish(folder.bench, key)
    [(count,)] = folder.query("select count(*) from corpus.versions where run_id = %s", UUID(staging.run_of(key)))
    assert count == 0


def test_what_a_run_published_is_counted_although_it_was_killed_before_it_settled(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    _, [key] = steps.discover(folder.bench, folder.name, "local", f"test__{uuid4()}")
    for _, step in steps.BATCH_STEPS:
        key = step(folder.bench, key)
    counted = "select count(*) from corpus.lexeme_statistics where tenant_id = %s"
    assert folder.query(counted, folder.name) == [(0,)]
    assert folder.sync().unchanged == 1
    [(lexemes,)] = folder.query(counted, folder.name)
    assert lexemes > 0


def test_a_retried_discovery_reopens_the_run_it_failed(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.sync()
    folder.delete("rules.md")
    dag_run_id = f"test__{uuid4()}"
    for confirmed in (False, True):
        if not confirmed:
            with pytest.raises(ListingShrank):
                steps.discover(folder.bench, folder.name, "manual", dag_run_id)
        else:
            run_id, keys = steps.discover(folder.bench, folder.name, "manual", dag_run_id, confirm_removals=True)
            assert keys
            assert [str(receipt.run_id) for receipt in steps.settle_dag_run(folder.bench, dag_run_id)] == [run_id]


def test_an_older_state_never_overwrites_a_newer_one(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.sync()
    folder.put("rules.md", DOCUMENT.replace("90", "10"))
    run_id, [key] = steps.discover(folder.bench, folder.name, "local", f"test__{uuid4()}")
    items = staging.read_items(folder.bench.store, key)
    for item in items:
        assert item.modified_at
        item.modified_at = item.modified_at.replace(year=2001)
    staging.write_items(folder.bench.store, key, items)
    for _, step in steps.BATCH_STEPS:
        key = step(folder.bench, key)
    receipt = steps.settle(folder.bench, run_id)
    assert (receipt.indexed, receipt.unchanged) == (0, 1)
    assert "Keys rotate every 90 days." in folder.live_texts()


def test_publications_record_what_was_served_when(folder: Folder) -> None:
    folder.put("rules.md", DOCUMENT)
    folder.put("other.md", "# Other\n\nStays.")
    folder.sync()
    folder.put("rules.md", DOCUMENT.replace("90", "30"))
    folder.sync()
    folder.delete("rules.md")
    folder.sync()
    periods = folder.query(
        "select v.number, upper_inf(p.valid) from corpus.publications as p"
        " join corpus.versions as v on v.id = p.version_id"
        " join corpus.documents as d on d.id = p.document_id join landing.sources as s on s.id = d.source_id"
        " where s.name = %s and d.uri like '%%rules.md' order by lower(p.valid)",
        folder.name,
    )
    assert periods == [(1, False), (2, False)]


def test_a_failed_publication_leaves_nothing_behind(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingestion import publishing

    folder.put("rules.md", DOCUMENT)
    names = dict(publishing.queries("publish"))
    names["settle_items"] = "select 1 / 0"
    with monkeypatch.context() as patch:
        original = publishing.queries
        patch.setattr(publishing, "queries", lambda topic: names if topic == "publish" else original(topic))
        with pytest.raises(psycopg.errors.DivisionByZero):
            folder.sync()
    assert not folder.live_texts()
    assert folder.sync().indexed == 1


def test_unknown_source_and_missing_bucket_say_what_to_do(bench: Workbench) -> None:
    with pytest.raises(SourceNotFound, match="sources add"):
        steps.discover(bench, "nowhere", "local", "test__x")
    name = f"s{uuid4().hex[:12]}"
    with bench.connect() as connection:
        add_source(connection, name, "s3://no-such-bucket-here/x/")
    with pytest.raises(SourceUnavailable, match="no-such-bucket-here"):
        steps.discover(bench, name, "local", f"test__{uuid4()}")


@pytest.mark.parametrize(
    ("name", "uri", "groups"),
    [("Bad Name", "s3://b/x", ["everyone"]), ("ok", "ftp://b/x", ["everyone"]), ("ok", "s3://b/x", ["a,b"])],
)
def test_a_bad_source_is_refused(bench: Workbench, name: str, uri: str, groups: list[str]) -> None:
    with bench.connect() as connection, pytest.raises(IngestionError):
        add_source(connection, name, uri, access_groups=groups)


def test_two_models_are_never_mixed(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("rules.md", DOCUMENT)
    monkeypatch.setattr(type(folder.bench.embedder), "revision", "another")
    with pytest.raises(IngestionError, match="cannot be compared"):
        folder.sync()
