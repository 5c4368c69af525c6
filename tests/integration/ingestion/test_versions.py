"""Back to an earlier version, forward again; one document or everything a run did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ingestion import requests, versions
from ingestion.errors import IngestionError
from ingestion.registry import DocumentFilter, list_documents

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

V1 = "# Leave\n\nStaff have 20 days of leave.\n\n## Carry over\n\nFive days can be carried over."
V2 = V1.replace("20 days", "25 days")
V3 = V1.replace("20 days", "26 days")


def test_a_document_goes_back_and_forward_without_embedding(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    folder.sync()
    document = folder.document_id("leave.md")
    vectors = folder.query("select count(*) from corpus.embeddings_1 where document_id = %s", document)
    with folder.bench.connect() as connection:
        restored = versions.restore_document(connection, document, None, "tester", "v2 is wrong")
    assert (restored.version, restored.skipped) == (1, None)
    assert "Staff have 20 days of leave." in folder.live_texts()
    assert folder.versions("leave.md") == {1: "current", 2: "superseded"}
    assert folder.query("select count(*) from corpus.embeddings_1 where document_id = %s", document) == vectors
    with folder.bench.connect() as connection:
        versions.release(connection, document, "tester")
    assert "Staff have 25 days of leave." in folder.live_texts()
    history = folder.query(
        "select v.number, p.actor, upper_inf(p.valid) from corpus.publications as p"
        " join corpus.versions as v on v.id = p.version_id where p.document_id = %s order by lower(p.valid)",
        document,
    )
    assert history == [(1, None, False), (2, None, False), (1, "tester", False), (2, "tester", True)]


def test_an_edit_while_pinned_waits_until_the_pin_is_released(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    folder.sync()
    document = folder.document_id("leave.md")
    with folder.bench.connect() as connection:
        versions.restore_document(connection, document, 1, "tester", "hold")
    folder.put("leave.md", V3)
    assert folder.sync().indexed == 1
    assert "Staff have 20 days of leave." in folder.live_texts()
    assert folder.versions("leave.md") == {1: "current", 2: "superseded", 3: "candidate"}
    with folder.bench.connect() as connection:
        versions.release(connection, document, "tester")
    assert "Staff have 26 days of leave." in folder.live_texts()


def test_a_pin_runs_out_by_itself(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    folder.sync()
    document = folder.document_id("leave.md")
    until = datetime.now(UTC) + timedelta(hours=1)
    with folder.bench.connect() as connection:
        versions.restore_document(connection, document, 1, "tester", "for an hour", until)
        versions.serve_what_is_due(connection, "clock")
        assert "Staff have 20 days of leave." in folder.live_texts()
        connection.execute("select set_config('regesta.now', %s, false)", [(until + timedelta(seconds=1)).isoformat()])
        versions.serve_what_is_due(connection, "clock")
    assert "Staff have 25 days of leave." in folder.live_texts()


def test_everything_a_run_did_is_undone_in_one_go(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.put("gone.md", "# Gone\n\nThis page is deleted by the second run.")
    folder.sync()
    folder.put("leave.md", V2)
    folder.delete("gone.md")
    folder.put("new.md", "# New\n\nThis page is added by the second run.")
    run = folder.sync()
    with folder.bench.connect() as connection:
        restored = versions.restore_run(connection, run.run_id, "tester", "bad release")
    assert {entry.uri.rpartition("/")[2]: entry.version for entry in restored} == {
        "leave.md": 1, "gone.md": 1, "new.md": None,
    }  # fmt: skip
    assert folder.live_texts() == {
        "Staff have 20 days of leave.", "Five days can be carried over.", "This page is deleted by the second run.",
    }  # fmt: skip
    with folder.bench.connect() as connection:
        repeated = versions.restore_run(connection, run.run_id, "tester", "the step was killed after it had committed")
        rows = list_documents(connection, DocumentFilter(source=folder.name), 10)
    assert repeated == restored, "a rollback is no later run"
    [listed] = [row for row in rows if row["uri"].endswith("gone.md")]
    assert listed["status"] == "active", "it is served, whatever became of its object"
    again = folder.sync()
    assert (again.indexed, again.deleted, again.chunks_embedded) == (0, 0, 0), "a sync does not undo a rollback"
    assert "Staff have 20 days of leave." in folder.live_texts()


def test_a_document_that_changed_again_is_left_alone(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    run = folder.sync()
    folder.put("leave.md", V3)
    folder.sync()
    with folder.bench.connect() as connection:
        [entry] = versions.restore_run(connection, run.run_id, "tester", "bad release")
    assert entry.skipped == "changed again by a later run"
    assert "Staff have 26 days of leave." in folder.live_texts()


def test_a_run_undone_for_a_while_is_done_again_by_itself(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    run = folder.sync()
    until = datetime.now(UTC) + timedelta(hours=1)
    with folder.bench.connect() as connection:
        versions.restore_run(connection, run.run_id, "tester", "for an hour", until)
        assert "Staff have 20 days of leave." in folder.live_texts()
        with pytest.raises(IngestionError, match="must end in the future"):
            versions.restore_run(connection, run.run_id, "tester", "too late", datetime.now(UTC))
        connection.execute("select set_config('regesta.now', %s, false)", [(until + timedelta(seconds=1)).isoformat()])
        versions.serve_what_is_due(connection, "clock")
    assert "Staff have 25 days of leave." in folder.live_texts()


def test_what_cannot_be_served_cannot_be_restored(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", b"\x00\x00")
    folder.sync()
    document = folder.document_id("leave.md")
    with folder.bench.connect() as connection:
        for number, why in ((2, "quarantined"), (9, "has no v9"), (None, "has no earlier version")):
            with pytest.raises(IngestionError, match=why):
                versions.restore_document(connection, document, number, "tester", "no")
        with pytest.raises(IngestionError, match="No version"):
            versions.release(connection, document, "tester")


def test_requests_of_the_api_are_answered_once(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    folder.sync()
    document = folder.document_id("leave.md")

    def ask(**given: Any) -> None:
        row = {"tenant": folder.name, "document": document, "version": None, **given}
        with folder.bench.connect() as connection:
            connection.execute(
                "insert into landing.requests (tenant_id, kind, document_id, version_number, actor, reason)"
                " values (%(tenant)s, 'restore', %(document)s, %(version)s, 'api', 'test')",
                row,
            )

    ask()
    ask(version=7)
    with folder.bench.connect() as connection:
        states = [entry["state"] for entry in requests.answer_requests(connection)]
        assert states == ["done", "failed"]
        assert requests.answer_requests(connection) == []
    assert "Staff have 20 days of leave." in folder.live_texts()
    results = folder.query("select result from landing.requests where document_id = %s order by id", document)
    assert results[0][0]["restored"][0]["version"] == 1
    assert "has no v7" in results[1][0]["error"]


def test_blanks_cost_no_embedding_and_every_version_keeps_its_own(folder: Folder) -> None:
    code = "def refund(order):\n    if order.paid:\n        order.refund()\n        notify(order)\n"
    folder.put("refund.py", code)
    folder.sync()
    folder.put("refund.py", code.replace("        notify", "    notify"))
    receipt = folder.sync()
    assert (receipt.indexed, receipt.chunks_embedded) == (1, 0)
    assert all("\n    notify" in text for text in folder.live_texts())
    with folder.bench.connect() as connection:
        versions.restore_document(connection, folder.document_id("refund.py"), 1, "tester", "indentation")
    assert all("\n        notify" in text for text in folder.live_texts())
