"""Citations: numbers in the text lead to sources, and only to those that were given."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.citations import CitationFilter, cited, groundedness
from serving.events import Event
from serving.hits import Hit
from serving.prompt import NOT_ANSWERED

NOBODY = UUID(int=0)
HIT = Hit(1, NOBODY, "u1", "T", "s", "en", 1, NOBODY, NOBODY, 0, None, [], "text", "body", 0.0, 1, 1, 0.9)
HITS = [HIT, replace(HIT, uri="u2"), replace(HIT, uri="u3")]


def test_cited_follows_first_mention_and_names_each_once() -> None:
    assert [entry["uri"] for entry in cited("x [3]. y [1][3].", HITS)] == ["u3", "u1"]


def test_cited_ignores_numbers_that_name_no_source_and_code() -> None:
    assert cited("x [0] [4] [99] [1234] `a[1]` ```\nb[2]\n```", HITS) == []


def test_events_keep_korean_readable() -> None:
    assert Event("token", {"text": "로그인"}).json() == '{"text": "로그인"}'


@pytest.mark.parametrize(
    ("written", "shown", "removed"),
    [
        ("a [1] b [4].", "a [1] b .", 1),
        ("a [1, 4,3]", "a [1][3]", 1),
        ("[0][999]", "", 2),
        ("`a[9]` [9] ```\nb[8]\n``` [7]", "`a[9]`  ```\nb[8]\n``` ", 2),
        ("an open ` tick\n[9]", "an open ` tick\n", 1),
        ("![x](http://e.example)", "[x] (http://e.example)", 0),
        ("[1](http://e.example)", "[1] (http://e.example)", 0),
        ("<img src=x> 1 < 2", "‹img src=x> 1 < 2", 0),
        ("[2024] [a]", "[2024] [a]", 0),
        ("held at the end [1", "held at the end [1", 0),
    ],
)
def test_the_filter_shows_what_a_reader_may_get(written: str, shown: str, removed: int) -> None:
    checked = CitationFilter(3)
    assert checked.feed(written) + checked.end() == shown
    assert checked.removed == removed


@example("1111![<", [6])
@example("<!a", [1, 2])
@example("[1][2", [4])
@given(st.text(alphabet="[]()`!<a1239, \n", max_size=40), st.lists(st.integers(0, 40), max_size=12))
def test_where_the_pieces_are_cut_makes_no_difference(text: str, cuts: list[int]) -> None:
    whole, pieces = CitationFilter(2), CitationFilter(2)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[start:end] for start, end in pairwise(places)]
    assert "".join(map(pieces.feed, parts)) + pieces.end() == whole.feed(text) + whole.end()
    assert pieces.removed == whole.removed


PASSAGES = [
    replace(HIT, text="An account is locked for 20 minutes after eight wrong passwords."),
    replace(HIT, language="ko", text="비밀번호를 다섯 번 틀리면 계정이 30분 동안 잠깁니다."),
]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("An account is locked after eight wrong passwords [1].", 1.0),
        ("The account is locked for 20 minutes. [1]", 1.0),
        ("The account is locked for 45 minutes. [1]", 0.0),
        ("The account is locked for 20 minutes.", 0.0),
        ("Eight wrong passwords. The account is locked for 20 minutes. [1]", 1.0),
        ("- locked for 20 minutes\n- after eight wrong passwords [1]", 1.0),
        ("Locked for 20 minutes [1]. Bananas grow in tropical countries [1].", 0.5),
        ("계정은 비밀번호를 다섯 번 틀리면 30분 동안 잠깁니다 [2].", 1.0),
        ("계정은 40분 동안 잠깁니다 [2].", 0.0),
        (NOT_ANSWERED["ko"], None),
    ],
)
def test_groundedness_counts_supported_sentences(text: str, share: float | None) -> None:
    assert groundedness(text, PASSAGES) == share
