"""Every kind of source through every step, on real services."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from corpus.landing import put, withdraw
from ingestion import runs, steps
from ingestion.arrivals import settle_arrivals, waiting_sources
from ingestion.errors import IngestionError, ListingShrank, SourceUnavailable
from ingestion.runs import Receipt
from ingestion.schedules import due_sources
from ingestion.sources import add_source, change_source, find_source
from ingestion.workbench import Workbench
from tests.web_site import Site, serve_site

PAGE = "<html><head><title>{0}</title></head><body><main><h1>{0}</h1><p>{1}</p></main></body></html>"


class Sync:
    """A source and its runs."""

    def __init__(self, bench: Workbench, uri: str, **policy: Any) -> None:
        self.bench, self.name = bench, f"c{uuid4().hex[:12]}"
        with bench.connect() as connection:
            self.source = add_source(connection, self.name, uri, **policy)

    def __call__(self, confirm_removals: bool = False) -> Receipt:
        run_id, keys = steps.discover(self.bench, self.name, "local", f"test__{uuid4()}", confirm_removals)
        for key in keys:
            for _, step in steps.BATCH_STEPS:
                key = step(self.bench, key)
        receipt = steps.settle(self.bench, run_id)
        with self.bench.connect() as connection:
            settle_arrivals(connection, receipt.run_id)
        assert receipt.balances
        assert receipt.state == "succeeded"
        return receipt

    def reasons(self, receipt: Receipt) -> list[str]:
        with self.bench.connect() as connection:
            return [row["reason"] for row in runs.problems(connection, receipt.run_id)]

    def live(self) -> set[str]:
        with self.bench.connect() as connection:
            rows = connection.execute(
                "select c.text from corpus.chunks as c join corpus.documents as d on d.id = c.document_id"
                " where d.source_id = %s and c.is_live",
                [self.source.id],
            )
            return {text for (text,) in rows}


@pytest.fixture
def site() -> Iterator[Site]:
    with serve_site() as found:
        yield found


@pytest.fixture
def web(bench: Workbench, site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Sync]:
    monkeypatch.setattr(bench.settings, "http_private_hosts", [site.host])
    return lambda path: Sync(bench, site.url(path))


def test_a_folder_follows_every_change(bench: Workbench, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "인사").mkdir(parents=True)
    (folder / "a.md").write_text("# A\n\nKeys rotate every ninety days.")
    (folder / "인사" / "휴가.md").write_text("# 휴가\n\n연차 휴가는 열다섯 날입니다.")
    sync = Sync(bench, str(folder))
    assert sync().indexed == 2
    assert sync().unchanged == 2
    os.utime(folder / "a.md")  # another time, the same bytes
    receipt = sync()
    assert (receipt.unchanged, receipt.chunks_embedded) == (2, 0)
    (folder / "a.md").write_text("# A\n\nKeys rotate every thirty days.")
    os.utime(folder / "a.md", (1, 1))  # restored with an old date: still the newest state
    assert sync().indexed == 1
    assert any("thirty" in text for text in sync.live())
    (folder / "인사" / "휴가.md").unlink()
    assert sync().deleted == 1
    assert not any("휴가" in text for text in sync.live())
    folder.rename(tmp_path / "moved")
    with pytest.raises(SourceUnavailable):
        sync()
    folder.mkdir()
    with pytest.raises(ListingShrank):
        sync()
    assert any("thirty" in text for text in sync.live())


def test_a_file_that_cannot_be_read_fails_alone(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Good\n\nThis page can be read by everyone.")
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("unreachable")
    sync = Sync(bench, str(tmp_path))
    receipt = sync()
    assert (receipt.indexed, receipt.failed) == (1, 1)
    assert sync.reasons(receipt)[0].startswith("unreadable: the file cannot be read")


def test_a_site_is_followed_by_its_headers(web: Callable[[str], Sync], site: Site) -> None:
    site.set_sitemap("/en", "/문서", "/bare")
    site.set("/en", PAGE.format("Keys", "Keys rotate every ninety days."), ETag='"1"')
    korean = "/%EB%AC%B8%EC%84%9C"
    site.set(korean, PAGE.format("휴가", "연차 휴가는 열다섯 날입니다."), Last_Modified="Sun, 01 Nov 2026 00:00:00 GMT")
    site.set("/bare", PAGE.format("Bare", "This page tells nothing about its state."))
    sync = web("/sitemap.xml")
    assert sync().indexed == 3
    site.visits.clear()
    assert sync().unchanged == 3
    assert (site.got("/en"), site.got(korean), site.got("/bare")) == (0, 0, 1)
    site.set("/en", PAGE.format("Keys", "Keys rotate every thirty days."), ETag='"2"')
    receipt = sync()
    assert (receipt.indexed, receipt.unchanged) == (1, 2)
    assert any("thirty" in text for text in sync.live())


def test_trouble_with_a_page_is_no_removal_but_gone_is(web: Callable[[str], Sync], site: Site) -> None:
    names = [f"/{number}" for number in range(4)]
    site.set_sitemap(*names)
    for name in names:
        site.set(name, PAGE.format(name, f"Page {name} explains one more thing in a sentence."), ETag='"1"')
    sync = web("/sitemap.xml")
    assert sync().indexed == 4
    site.set("/1", status=500)
    site.set("/2", status=410)
    receipt = sync()
    assert (receipt.unchanged, receipt.failed, receipt.deleted) == (2, 1, 1)
    assert sync.reasons(receipt) == ["unreadable: the server answered 500"]
    assert any("Page /1" in text for text in sync.live())
    assert not any("Page /2" in text for text in sync.live())
    site.set("/sitemap.xml", status=503)
    with pytest.raises(SourceUnavailable):
        sync()
    site.set_sitemap()
    with pytest.raises(ListingShrank):
        sync()
    assert any("Page /0" in text for text in sync.live())


def test_uploads_come_change_and_go(bench: Workbench) -> None:
    sync = Sync(bench, "upload://")

    def hand_in(name: str, text: str) -> None:
        with bench.connect() as connection:
            put(connection, bench.store, sync.name, name, text.encode(), media_type="text/markdown", actor="test",
                max_bytes=1000)  # fmt: skip

    hand_in("a.md", "# A\n\nKeys rotate every ninety days.")
    hand_in("나.md", "# 나\n\n비밀번호는 열두 글자 이상입니다.")
    assert sync().indexed == 2
    hand_in("a.md", "# A\n\nKeys rotate every ninety days.")
    assert sync().unchanged == 2
    hand_in("a.md", "# A\n\nKeys rotate every thirty days.")
    receipt = sync()
    assert (receipt.indexed, receipt.unchanged) == (1, 1)
    for name in ("a.md", "나.md"):
        with bench.connect() as connection:
            withdraw(connection, sync.name, name, actor="test")
    assert sync().deleted == 2, "what was withdrawn on purpose needs no confirmation"
    assert not sync.live()
    hand_in("a.md", "# A\n\nKeys rotate every thirty days.")
    assert sync().indexed == 1
    with bench.connect() as connection:
        assert sync.name not in waiting_sources(connection)


def test_groups_change_for_the_documents_there_are(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nKeys rotate every ninety days.")
    sync = Sync(bench, str(tmp_path))
    sync()
    with bench.connect() as connection:
        change_source(connection, sync.name, "test", access_groups=["board"], authority=90)
        (table,) = connection.execute("select table_name from corpus.embedding_models").fetchone()  # type: ignore[misc]
        for name in ("documents", "chunks", table):
            key = "id" if name == "documents" else "document_id"
            rows = connection.execute(
                f"select distinct access_groups from corpus.{name} where {key} in"  # noqa: S608
                " (select id from corpus.documents where source_id = %s)",
                [sync.source.id],
            )
            assert rows.fetchall() == [(["board"],)], name
    assert sync().unchanged == 1


def test_another_policy_makes_work_for_unchanged_bytes(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nKeys rotate every ninety days.")
    sync = Sync(bench, str(tmp_path))
    sync()
    with bench.connect() as connection:
        change_source(connection, sync.name, "test", chunking_profile="heading")
    assert sync().indexed == 1
    assert sync().unchanged == 1


def test_adding_again_changes_nothing_and_never_in_silence(bench: Workbench, tmp_path: Path) -> None:
    with bench.connect() as connection:
        name = f"c{uuid4().hex[:12]}"
        first = add_source(connection, name, str(tmp_path), pii_policy="drop", allowed_hosts=("a.example",))
        assert first.schedule == "nightly"
        assert add_source(connection, name, str(tmp_path)) == first
        assert add_source(connection, name, str(tmp_path), pii_policy="drop") == first
        with pytest.raises(IngestionError, match=r"another pii_policy.*sources change"):
            add_source(connection, name, str(tmp_path), pii_policy="allow")
        with pytest.raises(IngestionError, match="choose another name"):
            add_source(connection, name, "s3://bucket/x")
        for wrong in ({"schedule": "sometimes"}, {"pii_policy": "x"}, {"raw_retention_days": -1}, {"authority": 101}):
            with pytest.raises(IngestionError, match="refused"):
                change_source(connection, name, "test", **wrong)  # type: ignore[arg-type]
        assert find_source(connection, name) == first
        assert change_source(connection, name, "test", raw_retention_days=30).raw_retention_days == 30
        assert change_source(connection, name, "test", raw_retention_days=None).raw_retention_days is None


def test_sources_are_due_by_schedule_and_stay_so_for_a_repeated_task(bench: Workbench, tmp_path: Path) -> None:
    names = {}
    with bench.connect() as connection:
        for schedule in ("hourly", "nightly", "manual"):
            names[schedule] = Sync(bench, str(tmp_path), schedule=schedule).name
        moment = (datetime.now(UTC) + timedelta(days=1)).replace(hour=2, minute=0, second=0, microsecond=0)
        ours = set(names.values())
        assert ours & set(due_sources(connection, moment)) == {names["hourly"], names["nightly"]}
        assert ours & set(due_sources(connection, datetime.now(UTC) - timedelta(hours=2))) == set()
        source = find_source(connection, names["nightly"])
        run_id, *_ = runs.open_run(connection, source, "schedule", "test__due")
        connection.execute("update landing.runs set started_at = %s where id = %s", [moment, run_id])
        assert names["nightly"] in due_sources(connection, moment)
        assert names["nightly"] not in due_sources(connection, moment + timedelta(hours=1))
        change_source(connection, names["hourly"], "test", is_enabled=False)
        assert names["hourly"] not in due_sources(connection, moment)
