"""What the retention policy lets go, exactly at its boundary, and what it never touches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion import purging, versions
from ingestion.governance import build_marts

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

CARRIED = "Five days can be carried over into the next year, until March."
V1 = f"# Leave\n\nStaff have 20 days of leave.\n\n## Carry over\n\n{CARRIED}"
WINDOW = timedelta(days=14)


def _purge(folder: Folder, now: datetime) -> purging.Purged:
    with folder.bench.connect() as connection:
        connection.execute("select set_config('regesta.now', %s, false)", [now.isoformat()])
        return purging.purge(connection, folder.bench.store)


def _left_service(folder: Folder, path: str, number: int) -> datetime:
    [(until,)] = folder.query(
        "select max(upper(p.valid)) from corpus.publications as p join corpus.versions as v on v.id = p.version_id"
        " where v.document_id = %s and v.number = %s",
        folder.document_id(path), number,
    )  # fmt: skip
    return until


def _edited(folder: Folder, edits: int) -> None:
    for days in range(20, 20 + edits):
        folder.put("leave.md", V1.replace("20 days", f"{days} days"))
        folder.sync()


def test_a_version_goes_exactly_when_its_window_ends(folder: Folder) -> None:
    _edited(folder, 2)
    boundary = _left_service(folder, "leave.md", 1) + WINDOW
    _purge(folder, boundary - timedelta(microseconds=1))
    assert folder.versions("leave.md") == {1: "superseded", 2: "current"}
    _purge(folder, boundary)
    assert folder.versions("leave.md") == {1: "purged", 2: "current"}
    document = folder.document_id("leave.md")
    texts = folder.query("select text from corpus.chunks where document_id = %s order by text", document)
    assert texts == [
        (CARRIED,),
        ("Staff have 21 days of leave.",),
    ], "shared passages stay"
    assert folder.query("select count(*) from corpus.embeddings_1 where document_id = %s", document) == [(2,)]
    assert folder.query("select count(*) from corpus.signatures where document_id = %s", document) == [(1,)]
    [(metadata, title)] = folder.query(
        "select metadata, title from corpus.versions where document_id = %s and number = 1", document
    )
    assert (metadata, title) == ({}, None)


def test_a_pinned_version_and_the_current_one_never_go(folder: Folder) -> None:
    _edited(folder, 3)
    document = folder.document_id("leave.md")
    with folder.bench.connect() as connection:
        versions.restore_document(connection, document, 1, "tester", "keep")
    _purge(folder, _left_service(folder, "leave.md", 2) + 10 * WINDOW)
    assert folder.versions("leave.md")[1] == "current"
    assert folder.versions("leave.md")[3] != "purged", "the newest version waits for the pin to end"
    assert folder.versions("leave.md")[2] == "purged"


def test_a_deleted_document_is_purged_whole_after_its_window(folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.put("other.md", "# Other\n\nStays.")
    folder.sync()
    folder.delete("leave.md")
    folder.sync()
    _purge(folder, _left_service(folder, "leave.md", 1) + WINDOW)
    assert folder.versions("leave.md") == {1: "purged"}
    assert folder.query("select 1 from corpus.chunks where document_id = %s", folder.document_id("leave.md")) == []


def test_raw_objects_follow_the_policy_of_their_source(new_folder: Callable[..., Any]) -> None:
    forever, for_a_day = new_folder(), new_folder(raw_retention_days=1)
    boundaries = []
    for folder in (forever, for_a_day):
        folder.put("leave.md", V1 + folder.name)
        folder.sync()
        folder.put("leave.md", V1.replace("20", "25") + folder.name)
        folder.sync()
        boundaries.append(_left_service(folder, "leave.md", 1) + WINDOW)
    now = max(boundaries)
    assert _purge(for_a_day, now).objects == 0, "the bytes outlive the version by the days the source says"
    assert _purge(for_a_day, now + timedelta(days=1)).objects == 1
    for folder, kept in ((forever, True), (for_a_day, False)):
        [(sha256, deleted_at)] = folder.query(
            "select o.sha256, o.deleted_at from landing.objects as o"
            " join corpus.versions as v on v.raw_sha256 = o.sha256 where v.document_id = %s and v.number = 1",
            folder.document_id("leave.md"),
        )
        assert (deleted_at is None) is kept
        assert (list(folder.bench.store.keys(f"raw/{sha256}")) != []) is kept


def test_the_window_is_a_setting_from_7_to_14_days(folder: Folder, tmp_path: Any) -> None:
    _edited(folder, 2)
    settings = folder.bench.settings.model_copy(update={"home": tmp_path, "retention_days": 7})
    try:
        build_marts(settings, "expired_versions,config.materialized:view")
        _purge(folder, _left_service(folder, "leave.md", 1) + timedelta(days=7))
        assert folder.versions("leave.md")[1] == "purged"
    finally:
        build_marts(settings.model_copy(update={"retention_days": 14}), "expired_versions,config.materialized:view")
