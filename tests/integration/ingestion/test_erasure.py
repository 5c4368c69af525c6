"""An erased document leaves nothing but its receipt, and does not come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from corpus.objects import ObjectStoreUnavailable
from ingestion import erasure, requests, steps
from ingestion.errors import IngestionError

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

SECRET = "# Personnel file\n\nMina Park asked to be forgotten, and the panther sleeps at noon."


def _raw_keys(folder: Folder, path: str) -> list[str]:
    rows = folder.query("select raw_sha256 from corpus.versions where document_id = %s", folder.document_id(path))
    return [f"raw/{sha256}" for (sha256,) in rows]


def _erase(folder: Folder, path: str) -> dict[str, Any]:
    with folder.bench.connect() as connection:
        return erasure.erase_document(
            connection, folder.bench.store, folder.document_id(path), "tester", "asked to be forgotten"
        )


def test_nothing_of_it_is_left_and_it_does_not_come_back(folder: Folder, serving: Any, new_key: Any) -> None:
    folder.put("mina.md", SECRET + folder.name)
    folder.put("other.md", "# Other\n\nStays here.")
    folder.sync()
    folder.put("mina.md", SECRET + folder.name + "\n\nAnd the tiger at one.")
    folder.sync()
    _undo_a_run_that_had(folder, "mina.md")
    keys, document, uri = _raw_keys(folder, "mina.md"), folder.document_id("mina.md"), f"{folder.name}/mina.md"
    with serving() as client:
        client.headers["Authorization"] = f"Bearer {new_key(folder.name)}"
        answer = client.post("/v1/ask", json={"question": "When does the panther sleep?"}).json()
        assert answer["citations"]
    receipt = _erase(folder, "mina.md")
    assert receipt["versions"] == 2
    assert receipt["objects"] == 2
    assert receipt["questions"] >= 1
    for key in keys:
        assert list(folder.bench.store.keys(key)) == []
    left = _everywhere(folder, document, uri)
    assert left == []
    again = folder.sync()
    assert (again.state, again.indexed, again.deleted) == ("succeeded", 0, 1)
    assert folder.live_texts() == {"Stays here."}
    assert _everywhere(folder, document, uri) == []


def _undo_a_run_that_had(folder: Folder, path: str) -> None:
    """Ask for it as the API does; the answer names every document."""
    [(run_id,)] = folder.query(
        "select run_id from corpus.versions where document_id = %s and number = 2", folder.document_id(path)
    )
    with folder.bench.connect() as connection:
        [(request,)] = connection.execute(
            "insert into landing.requests (tenant_id, kind, run_id, actor, reason)"
            " values (%s, 'restore', %s, 'tester', 'bad release') returning id::text",
            [folder.name, run_id],
        )
        [answered] = [one for one in requests.answer_requests(connection) if one["request"] == request]
    assert [entry["uri"].endswith(path) for entry in answered["restored"]] == [True]


def test_a_lifted_erasure_lets_it_come_back(folder: Folder) -> None:
    folder.put("mina.md", SECRET)
    folder.sync()
    receipt = _erase(folder, "mina.md")
    with folder.bench.connect() as connection:
        erasure.lift(connection, UUID(receipt["id"]))
        with pytest.raises(IngestionError, match="in force"):
            erasure.lift(connection, UUID(receipt["id"]))
    assert folder.sync().indexed == 1


def test_bytes_that_another_document_shares_stay(new_folder: Callable[..., Any]) -> None:
    one, other = new_folder(), new_folder()
    for folder in (one, other):
        folder.put("mina.md", SECRET)
        folder.sync()
    [key] = _raw_keys(one, "mina.md")
    assert _erase(one, "mina.md")["objects"] == 0
    assert list(one.bench.store.keys(key)) == [key]
    assert other.live_texts()


def test_a_duplicate_is_served_when_the_one_it_gave_way_to_is_erased(folder: Folder) -> None:
    folder.put("a.md", SECRET * 20)
    folder.sync()
    folder.put("b.md", SECRET * 20)
    assert folder.sync().duplicate + len(folder.query("select 1 from corpus.versions where state = 'duplicate'")) > 0
    served, hidden = ("a.md", "b.md") if folder.versions("b.md") == {1: "duplicate"} else ("b.md", "a.md")
    _erase(folder, served)
    assert folder.versions(hidden) == {1: "current"}
    reasons = folder.query("select reason from landing.run_items where reason like %s", f"%{folder.name}/{served}%")
    assert reasons == []


def test_it_waits_for_a_run_that_has_the_document_in_its_hands(folder: Folder) -> None:
    folder.put("mina.md", SECRET)
    folder.sync()
    folder.put("mina.md", SECRET + " Edited.")
    run_id, [key] = steps.discover(folder.bench, folder.name, "local", "erase-test")
    with pytest.raises(IngestionError, match="at work"):
        _erase(folder, "mina.md")
    for _, step in steps.BATCH_STEPS:
        key = step(folder.bench, key)
    steps.settle(folder.bench, run_id)
    _erase(folder, "mina.md")


def test_an_erasure_cut_off_before_s3_was_clean_is_finished_later(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("mina.md", SECRET + folder.name)
    folder.sync()
    [key] = _raw_keys(folder, "mina.md")

    def fail(*_: Any) -> int:
        raise ObjectStoreUnavailable("S3 went away")

    with monkeypatch.context() as patched:
        patched.setattr("corpus.objects.ObjectStore.delete", fail)
        with pytest.raises(ObjectStoreUnavailable):
            _erase(folder, "mina.md")
    assert list(folder.bench.store.keys(key)) == [key]
    with folder.bench.connect() as connection:
        assert erasure.finish_erasures(connection, folder.bench.store) == 1
    assert list(folder.bench.store.keys(key)) == []


def _everywhere(folder: Folder, document: UUID, uri: str) -> list[str]:
    """Return the tables of which a row still names the document, by id or by address."""
    tables = folder.query(
        "select format('%%I.%%I', table_schema, table_name) from information_schema.tables"
        " where table_schema in ('landing', 'corpus') and table_type = 'BASE TABLE'"
    )
    found = []
    for (table,) in tables:
        rows = folder.query(
            f"select 1 from {table} as t where to_jsonb(t)::text like %s or to_jsonb(t)::text like %s limit 1",  # noqa: S608
            f"%{document}%", f"%{uri}%",
        )  # fmt: skip
        if rows:
            found.append(table)
    return found
