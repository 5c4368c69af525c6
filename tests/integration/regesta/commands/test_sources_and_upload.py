"""Sources and uploads from the command line, against real Postgres and real S3."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from corpus.landing import LandingRefused
from ingestion.errors import IngestionError
from ingestion.settings import IngestionSettings
from regesta.commands import sources, upload

Run = Callable[..., Any]


@pytest.fixture
def run(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    found = settings(IngestionSettings, max_document_bytes=1000)
    monkeypatch.setattr("ingestion.settings.IngestionSettings", lambda: found)
    app = typer.Typer()
    app.add_typer(sources.app, name="sources")
    app.command()(upload.upload)
    app.command()(upload.withdraw)

    def call(*arguments: object) -> Any:
        result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return call


def test_a_source_is_added_changed_and_listed(run: Run, tmp_path: Path) -> None:
    added = run("sources", "add", "docs", tmp_path, "--schedule", "hourly", "--pii", "hash", "--group", "hr",
                "--group", "board", "--authority", 80, "--keep-raw-days", 30)  # fmt: skip
    assert (added["kind"], added["schedule"], added["pii_policy"]) == ("folder", "hourly", "hash")
    assert (added["access_groups"], added["authority"], added["raw_retention_days"]) == (["hr", "board"], 80, 30)
    changed = run("sources", "change", "docs", "--profile", "heading", "--keep-raw-for-ever", "--disable")
    assert (changed["chunking_profile"], changed["raw_retention_days"], changed["is_enabled"]) == (
        "heading",
        None,
        False,
    )
    assert (changed["schedule"], changed["access_groups"]) == ("hourly", ["hr", "board"])
    assert [row["name"] for row in run("sources", "list")] == ["docs"]
    with pytest.raises(IngestionError, match="Nothing to change"):
        run("sources", "change", "docs")
    with pytest.raises(IngestionError, match="of kind folder, not http"):
        run("sources", "add", "other", tmp_path, "--kind", "http")


def test_files_are_handed_in_and_taken_back(run: Run, tmp_path: Path) -> None:
    run("sources", "add", "inbox", "upload://")
    (tmp_path / "휴가.md").write_text("# 휴가")
    (tmp_path / "b.md").write_text("# B")
    first, second = run("upload", tmp_path / "휴가.md", tmp_path / "b.md", "--source", "inbox")
    assert (first["uri"], second["kind"]) == ("upload://inbox/휴가.md", "put")
    (renamed,) = run("upload", tmp_path / "b.md", "--source", "inbox", "--name", "c.md")
    assert (renamed["uri"], renamed["sha256"]) == ("upload://inbox/c.md", second["sha256"])
    (gone,) = run("withdraw", "휴가.md", "--source", "inbox")
    assert gone["kind"] == "delete"
    with pytest.raises(IngestionError, match="for one file"):
        run("upload", tmp_path / "휴가.md", tmp_path / "b.md", "--source", "inbox", "--name", "x.md")
    (tmp_path / "big.md").write_text("x" * 1001)
    with pytest.raises(LandingRefused, match="limit is 1000"):
        run("upload", tmp_path / "big.md", "--source", "inbox")
