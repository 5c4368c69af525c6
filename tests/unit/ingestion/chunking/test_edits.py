"""What an edit costs: boundaries that find back, and blanks that cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunking import ChunkLimits, Profile, chunk, cut_points
from ingestion.items import Element
from tests.unit.ingestion.chunking.documents import LIMITS

LONG = replace(LIMITS, window_tokens=64, max_tokens=384)


def words(random: Random, low: int, high: int) -> str:
    return " ".join(f"w{random.randrange(10**6)}" for _ in range(random.randint(low, high)))


def changed(before: Sequence[Element], after: Sequence[Element], limits: ChunkLimits, profile: Profile) -> int:
    known = {part.chunk_hash for part in chunk(before, limits, profile)}
    return len({part.chunk_hash for part in chunk(after, limits, profile)} - known)


@pytest.mark.parametrize("profile", ["structure", "semantic"])
@given(st.integers(0, 2**32), st.integers(5, 60), st.integers(60, 200))
@settings(max_examples=20, deadline=None)
def test_one_edited_paragraph_of_two_hundred_changes_at_most_three_chunks(
    profile: Profile, seed: int, low: int, high: int
) -> None:
    random = Random(seed)
    document = [Element("text", words(random, low, high)) for _ in range(200)]
    costs = []
    for position in range(0, 200, 13):
        edited = [*document]
        edited[position] = Element("text", edited[position].text + " a few words more")
        costs.append(changed(document, edited, LONG, profile))
    assert max(costs) <= 3
    assert mean(costs) <= 1.8


@given(st.integers(0, 2**32), st.integers(0, 300))
@settings(max_examples=30, deadline=None)
def test_an_inserted_row_changes_at_most_three_groups_of_a_long_table(seed: int, position: int) -> None:
    random = Random(seed)
    header, *rows = [words(random, 4, 12) for _ in range(301)]
    inserted = [*rows[:position], words(random, 4, 12), *rows[position:]]
    before, after = ([Element("table", "\n".join((header, *lines)))] for lines in (rows, inserted))
    assert 1 <= changed(before, after, LONG, "structure") <= 4


@given(st.integers(0, 2**32), st.integers(0, 299))
@settings(max_examples=30, deadline=None)
def test_an_inserted_sentence_changes_at_most_three_passages_of_a_long_paragraph(seed: int, position: int) -> None:
    random = Random(seed)
    sentences = [words(random, 4, 30).capitalize() + "." for _ in range(300)]
    inserted = [*sentences[:position], words(random, 4, 30) + ".", *sentences[position:]]
    before, after = ([Element("text", " ".join(lines))] for lines in (sentences, inserted))
    assert 1 <= changed(before, after, LONG, "structure") <= 3


def test_an_edit_inside_a_paragraph_leaves_the_boundaries_around_it() -> None:
    random = Random(5)
    document = [Element("text", words(random, 20, 60)) for _ in range(100)]
    costs = []
    for position in range(100):
        edited = [*document]
        edited[position] = Element("text", "other " + edited[position].text.partition(" ")[2])
        costs.append(changed(document, edited, LONG, "structure"))
    assert costs == [1] * 100


def test_a_renamed_heading_changes_what_is_below_it_and_nothing_else() -> None:
    document = [Element("heading", "A", 1), Element("text", "one"), Element("heading", "B", 1), Element("text", "two")]
    assert changed(document, [Element("heading", "C", 1), *document[1:]], LIMITS, "structure") == 1


@given(st.integers(0, 2**32), st.integers(20, 100))
@settings(max_examples=30, deadline=None)
def test_lines_wrapped_elsewhere_change_nothing(seed: int, column: int) -> None:
    random = Random(seed)
    texts = [f"{words(random, 5, 300)}. {words(random, 5, 300)}." for _ in range(8)]

    def document(width: int) -> list[Element]:
        return [Element("text", wrapped(text, width)) for text in texts]

    assert changed(document(10**6), document(column), LONG, "structure") == 0


def wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        lines = [*lines[:-1], f"{lines[-1]} {word}"] if len(lines[-1]) < width else [*lines, word]
    return "  \r\n".join(lines)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=1), st.integers(1, 30)), max_size=40), st.integers(1, 100))
def test_cut_points_are_farther_apart_than_the_window(pieces: list[tuple[bytes, int]], window: int) -> None:
    keys, counts = [piece[0] for piece in pieces], [piece[1] for piece in pieces]
    for first, second in pairwise(cut_points(keys, counts, window)):
        assert sum(counts[first:second]) > window
