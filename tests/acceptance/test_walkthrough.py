"""The life of a document: edit, roll back, look back, delete, undelete, purge, erase; as in `docs/walkthrough.md`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.acceptance.conftest import Stack, acting_as

KEY = "walkthrough/leave.md"
QUESTION = "How many days of leave does a gardener have?"
TOOLS = "Tools are kept in the shed behind the lake."
V1 = f"# Gardeners\n\nA gardener has 31 days of leave a year.\n\n## Tools\n\n{TOOLS}\n"
V2 = V1.replace("31 days", "33 days")

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def client(stack: Stack) -> Any:
    """An S3 client of the stack; the source is there, and empty but for one other document."""
    from corpus.objects import s3_client
    from corpus.settings import CorpusSettings

    with acting_as(stack):
        found = s3_client(CorpusSettings())
    if "documents" not in [bucket["Name"] for bucket in found.list_buckets()["Buckets"]]:
        found.create_bucket(Bucket="documents")
    found.put_object(Bucket="documents", Key="walkthrough/other.md", Body=b"# Other\n\nThe pond has four ducks.")
    stack.run("sources", "add", "walkthrough", "s3://documents/walkthrough/")
    return found


def put(client: Any, text: str) -> None:
    client.put_object(Bucket="documents", Key=KEY, Body=text.encode())


def sync(stack: Stack) -> dict[str, Any]:
    [receipt] = stack.json("sync", "walkthrough", "--local")
    assert receipt["state"] == "succeeded", receipt
    return dict(receipt)


def answer(stack: Stack, *options: str) -> str:
    reply = stack.json("ask", QUESTION, "--source", "walkthrough", *options)
    return str(reply["answer"])


@contextmanager
def database(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with acting_as(stack):
        bench = Workbench(IngestionSettings())
        with bench.connect() as connection:
            yield connection


def test_an_edit_is_answered_from_and_a_rollback_undoes_it(stack: Stack, client: Any) -> None:
    put(client, V1)
    sync(stack)
    assert "31 days" in answer(stack)
    put(client, V2)
    receipt = sync(stack)
    assert (receipt["chunks_embedded"], receipt["chunks_kept"]) == (1, 1)
    assert "33 days" in answer(stack)
    [restored] = stack.json("versions", "restore", KEY, "--reason", "v2 was wrong")
    assert restored["version"] == 1
    assert "31 days" in answer(stack)
    stack.json("versions", "release", KEY)
    assert "33 days" in answer(stack)


def test_yesterdays_answer_can_be_asked_for(stack: Stack, client: Any) -> None:
    with database(stack) as connection:
        # A day passes: what was served until now was served until yesterday.
        connection.execute(
            "update corpus.publications as p set valid = tstzrange(lower(valid) - interval '1 day',"
            " upper(valid) - interval '1 day') from corpus.documents as d where d.id = p.document_id and d.uri like %s"
            " and not upper_inf(p.valid)",
            [f"%{KEY}"],
        )
        row = connection.execute(
            "select max(upper(p.valid)) from corpus.publications as p join corpus.documents as d"
            " on d.id = p.document_id where d.uri like %s",
            [f"%{KEY}"],
        ).fetchone()
    assert row
    yesterday: datetime = row[0] - timedelta(milliseconds=10)
    assert "31 days" in answer(stack, "--as-of", yesterday.strftime("%Y-%m-%dT%H:%M:%S"))
    assert "33 days" in answer(stack)


def test_a_deleted_document_is_served_no_longer_and_can_be_undeleted(stack: Stack, client: Any) -> None:
    client.delete_object(Bucket="documents", Key=KEY)
    receipt = sync(stack)
    assert receipt["deleted"] == 1
    assert "33 days" not in answer(stack)
    stack.json("versions", "restore", "--run", receipt["run_id"], "--reason", "deleted by mistake")
    assert "33 days" in answer(stack)
    stack.json("versions", "release", KEY)
    assert "33 days" not in answer(stack)
    put(client, V2)
    assert sync(stack)["chunks_embedded"] == 0
    assert "33 days" in answer(stack)


def test_a_rollback_asked_for_over_the_api_is_done_by_airflow(stack: Stack, client: Any) -> None:
    from regesta.commands.ask import api_client

    with acting_as(stack):
        api = api_client()._http
        hits = api.post("/v1/search", json={"query": QUESTION, "filters": {"sources": ["walkthrough"]}}).json()["hits"]
        document = next(hit["document_id"] for hit in hits if hit["uri"].endswith("leave.md"))
        versions = api.get(f"/v1/documents/{document}/versions").json()["versions"]
        first = min(entry["version"] for entry in versions)
        asked = api.post(f"/v1/documents/{document}/restore", json={"version": first, "reason": "as it was"})
        assert asked.status_code == 202
        deadline = time.monotonic() + 120
        while (state := api.get(asked.headers["Location"]).json())["state"] == "waiting":
            assert time.monotonic() < deadline, state
            time.sleep(1)
    assert state["state"] == "done", state
    assert "31 days" in answer(stack)
    stack.json("versions", "release", KEY)


def test_old_versions_are_purged_when_the_clock_has_moved(stack: Stack, client: Any) -> None:
    from ingestion import purging
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    with acting_as(stack):
        bench = Workbench(IngestionSettings())
        with bench.connect() as connection:
            connection.execute("select set_config('regesta.now', (now() + interval '15 days')::text, false)")
            purged = purging.purge(connection, bench.store)
    assert purged.versions >= 1
    states = {entry["number"]: entry["state"] for entry in stack.json("documents", "show", KEY)["versions"]}
    assert states.pop(max(states)) == "current"
    assert set(states.values()) == {"purged"}
    assert "33 days" in answer(stack)


def test_an_erased_document_is_gone_for_good(stack: Stack, client: Any) -> None:
    uri = f"s3://documents/{KEY}"
    receipt = stack.json("erase", uri, "--reason", "asked to be forgotten", "--yes")
    assert receipt["versions"] >= 2
    assert receipt["questions"] >= 1
    assert "33 days" not in answer(stack)
    again = sync(stack)
    assert (again["indexed"], again["deleted"]) == (0, 1), "the file is still at its source and kept out"
    stack.run("documents", "show", uri, expect=1)
    [kept] = [row for row in stack.json("erasures") if row["id"] == receipt["id"]]
    assert kept["pending_count"] == 0


def test_nothing_disagrees_afterwards(stack: Stack, client: Any) -> None:
    findings = stack.json("doctor", "--deep")
    assert [finding for finding in findings if finding["state"] == "failed"] == []
