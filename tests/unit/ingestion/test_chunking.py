"""Chunking: nothing lost, limits kept, boundaries that find back after an edit."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import mean

from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunking import ChunkLimits, chunk, cut_points, normalised_text
from ingestion.items import Element


def count_words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def split_sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", text) if part]


LIMITS = ChunkLimits(window_tokens=16, max_tokens=64, count_tokens=count_words, split_sentences=split_sentences)
words = st.text(alphabet="가나다abc01 .!?\n-", min_size=0, max_size=400)
elements = st.lists(
    st.one_of(
        st.builds(Element, st.just("text"), words),
        st.builds(Element, st.just("heading"), st.text("제목xyz", min_size=1, max_size=8), st.integers(1, 4)),
        st.builds(Element, st.just("table"), words),
        st.builds(Element, st.just("code"), words),
    ),
    max_size=20,
)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(elements)
def test_chunk_keeps_every_character_of_every_body(document: list[Element]) -> None:
    bodies = [element for element in document if element.kind != "heading"]
    kept = "".join(squeezed(part.text) for part in chunk(bodies, LIMITS))
    assert kept == "".join(squeezed(element.text) for element in bodies)


@given(elements)
def test_chunk_keeps_every_heading_above_or_as_a_passage(document: list[Element]) -> None:
    chunks = chunk(document, LIMITS)
    kept = squeezed("".join("".join((*part.heading_path, part.text)) for part in chunks))
    assert all(squeezed(element.text) in kept for element in document)


@given(elements)
def test_chunk_keeps_the_limit_and_is_deterministic(document: list[Element]) -> None:
    chunks = chunk(document, LIMITS)
    assert all(0 < part.token_count <= LIMITS.max_tokens for part in chunks)
    assert chunks == chunk(document, LIMITS)


@given(elements)
def test_chunk_spans_point_into_the_normalised_text(document: list[Element]) -> None:
    text = normalised_text(document)
    for part in chunk(document, LIMITS):
        assert 0 <= part.char_start < part.char_end <= len(text)
        assert part.text.split()[0] in text[part.char_start : part.char_end]


@given(st.integers(0, 2**32), st.integers(5, 60), st.integers(60, 200))
@settings(max_examples=30, deadline=None)
def test_one_edited_paragraph_of_two_hundred_changes_at_most_three_chunks(seed: int, low: int, high: int) -> None:
    random = Random(seed)
    limits = replace(LIMITS, window_tokens=64, max_tokens=384)
    document = [
        Element("text", " ".join(f"w{random.randrange(10**6)}" for _ in range(random.randint(low, high))))
        for _ in range(200)
    ]
    before = {part.chunk_hash for part in chunk(document, limits)}
    changed = []
    for position in range(0, 200, 7):
        edited = [*document]
        edited[position] = Element("text", edited[position].text + " a few words more")
        changed.append(len({part.chunk_hash for part in chunk(edited, limits)} - before))
    assert max(changed) <= 3
    assert mean(changed) <= 1.6


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=1), st.integers(1, 30)), max_size=40), st.integers(1, 100))
def test_cut_points_are_farther_apart_than_the_window(pieces: list[tuple[bytes, int]], window: int) -> None:
    hashes, counts = [piece[0] for piece in pieces], [piece[1] for piece in pieces]
    for first, second in pairwise(cut_points(hashes, counts, window)):
        assert sum(counts[first:second]) > window


def test_chunk_ignores_whitespace_only_edits() -> None:
    document = [Element("heading", "제목", 1), Element("text", "첫 문장입니다.\n둘째 줄입니다.")]
    edited = [Element("heading", "제목", 1), Element("text", "첫 문장입니다.  \r\n둘째 줄입니다.\n")]
    assert [c.chunk_hash for c in chunk(document, LIMITS)] == [c.chunk_hash for c in chunk(edited, LIMITS)]


def test_chunk_carries_the_heading_path() -> None:
    document = [
        Element("heading", "A", 1), Element("text", "one"), Element("heading", "B", 2), Element("text", "two"),
        Element("heading", "C", 2), Element("text", "three"), Element("heading", "D", 1), Element("text", "four"),
    ]  # fmt: skip
    assert [(c.heading_path, c.text) for c in chunk(document, LIMITS)] == [
        (("A",), "one"), (("A", "B"), "two"), (("A", "C"), "three"), (("D",), "four"),
    ]  # fmt: skip


def test_chunk_keeps_a_heading_that_has_no_body() -> None:
    document = [Element("heading", "Guide", 1), Element("heading", "Call 02-1234", 2), Element("heading", "End", 2)]
    assert [c.text for c in chunk(document, LIMITS)] == ["Call 02-1234", "End"]


def test_chunk_leaves_tables_and_code_whole_and_apart() -> None:
    document = [
        Element("text", "before"),
        Element("table", "a | b\n1 | 2"),
        Element("code", "x = 1"),
        Element("text", "after"),
    ]
    assert [(c.kind, c.text) for c in chunk(document, LIMITS)] == [
        ("text", "before"), ("table", "a | b\n1 | 2"), ("code", "x = 1"), ("text", "after"),
    ]  # fmt: skip


def test_chunk_cuts_a_long_paragraph_between_sentences() -> None:
    sentence = "This sentence has exactly eight words in it. "
    parts = chunk([Element("text", sentence * 30)], LIMITS)
    assert len(parts) > 3
    assert all(part.text.endswith("it.") and part.text.startswith("This") for part in parts)


def test_chunk_strips_what_the_database_cannot_hold() -> None:
    [part] = chunk([Element("text", "a\x00b \ud800 c")], LIMITS)
    assert part.text == "ab ? c"
