"""Named queries: every file loads, and nothing in the code asks for a name that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sql
from sql import FOLDER, queries

TOPICS = sorted(path.stem for path in (FOLDER / "queries").glob("*.sql"))


@pytest.mark.parametrize("topic", TOPICS)
def test_queries_have_a_name_and_a_comment(topic: str) -> None:
    loaded = queries(topic)
    assert loaded
    for name, statement in loaded.items():
        assert statement.startswith("-- "), f"{topic}.{name} does not say what it does"


def test_queries_refuse_a_name_given_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "twice.sql").write_text("-- name: a\n-- x\nselect 1;\n-- name: a\n-- y\nselect 2;\n")
    monkeypatch.setattr(sql, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="twice"):
        queries("twice")


def test_code_asks_only_for_queries_that_exist() -> None:
    for package in ("ingestion", "serving", "regesta"):
        for path in (FOLDER.parent / package).rglob("*.py"):
            for topic, name in re.findall(r'queries\("(\w+)"\)\["(\w+)"\]', path.read_text("utf-8")):
                assert name in queries(topic), f"{path} asks for {topic}.{name}"
