"""Citations: numbers in the text lead to sources, and only to those that were given."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from serving.engine import cited
from serving.events import Event
from serving.retriever import Hit

NOBODY = UUID(int=0)
HIT = Hit(1, NOBODY, "u1", "T", "s", "en", 1, NOBODY, NOBODY, 0, None, [], "text", "body", 0.0, 1, 1, 0.9)
HITS = [HIT, replace(HIT, uri="u2"), replace(HIT, uri="u3")]


def test_cited_follows_first_mention_and_names_each_once() -> None:
    assert [entry["uri"] for entry in cited("x [3]. y [1][3].", HITS)] == ["u3", "u1"]


def test_cited_ignores_numbers_that_name_no_source() -> None:
    assert cited("x [0] [4] [99] [1234]", HITS) == []


def test_events_keep_korean_readable() -> None:
    assert Event("token", {"text": "로그인"}).json() == '{"text": "로그인"}'
