"""The page speaks both languages completely and shows what it is given, escaped."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugins"))

from regesta_page.app import app, render
from regesta_page.words import WORDS

RUN = {
    "source": "wiki", "state": "failed", "reason": "1 of 3 documents were not reached", "seconds": 1.25,
    "started_at": datetime(2026, 11, 1, tzinfo=UTC), "discovered": 3, "indexed": 2, "unchanged": 0, "duplicate": 0,
    "deleted": 0, "quarantined": 0, "failed": 1, "chunks_kept": 4, "chunks_embedded": 5,
}  # fmt: skip


def test_both_languages_have_every_word() -> None:
    assert WORDS["en"].keys() == WORDS["ko"].keys()
    assert all(word for words in WORDS.values() for word in words.values())


@pytest.mark.parametrize(("language", "empty"), [("en", "No runs yet"), ("ko", "아직 실행이 없습니다")])
def test_an_empty_page_says_what_to_do(language: str, empty: str) -> None:
    assert empty in render(language, sources=[], runs=[], problems=[])  # type: ignore[arg-type]


def test_the_page_escapes_what_documents_bring() -> None:
    problem = {"source": "wiki", "uri": "s3://b/<script>", "outcome": "quarantined", "reason": "corrupt: <img>"}
    page = render("en", sources=[], runs=[RUN], problems=[problem])
    assert "<script>" not in page and "<img>" not in page
    assert "1 of 3 documents were not reached" in page


def test_every_route_asks_for_a_user() -> None:
    for route in app.routes:
        assert route.dependant.dependencies, route.path  # type: ignore[attr-defined]
