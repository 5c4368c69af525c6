"""Every profile: nothing lost, limits kept, places exact, order kept."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunking import Profile, chunk, normalised_text
from ingestion.items import Element
from tests.unit.ingestion.chunking.documents import DOCUMENTS, LIMITS, count_words

PROFILES = st.sampled_from(get_args(Profile))


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(DOCUMENTS, PROFILES)
@settings(deadline=None)
def test_chunk_keeps_every_character_of_every_body(document: list[Element], profile: Profile) -> None:
    bodies = [element for element in document if element.kind != "heading"]
    text = normalised_text(bodies)
    kept = "".join(squeezed(text[part.char_start : part.char_end]) for part in chunk(bodies, LIMITS, profile))
    assert kept == squeezed(text)


@given(DOCUMENTS, PROFILES)
@settings(deadline=None)
def test_chunk_keeps_every_heading_above_or_as_a_passage(document: list[Element], profile: Profile) -> None:
    kept = squeezed("".join("".join((*part.heading_path, part.text)) for part in chunk(document, LIMITS, profile)))
    assert all(squeezed(element.text) in kept for element in document if element.kind == "heading")


@given(DOCUMENTS, PROFILES, st.integers(0, 16))
@settings(deadline=None)
def test_chunk_keeps_the_limit_and_is_deterministic(document: list[Element], profile: Profile, overlap: int) -> None:
    limits = replace(LIMITS, overlap_tokens=overlap)
    chunks = chunk(document, limits, profile)
    assert all(0 < part.token_count == count_words([part.text])[0] <= limits.max_tokens for part in chunks)
    assert chunks == chunk(document, limits, profile)


@given(DOCUMENTS, PROFILES)
@settings(deadline=None)
def test_chunk_keeps_the_limit_of_a_tokenizer_that_counts_blanks(document: list[Element], profile: Profile) -> None:
    limits = replace(LIMITS, count_tokens=lambda texts: [len(text) for text in texts])
    assert all(part.token_count <= limits.max_tokens for part in chunk(document, limits, profile))


@given(DOCUMENTS, PROFILES, st.sampled_from((0, 8)))
@settings(deadline=None)
def test_chunk_spans_address_the_normalised_text_exactly(
    document: list[Element], profile: Profile, overlap: int
) -> None:
    text = normalised_text(document)
    headers = {element.text.strip("\n").partition("\n")[0].rstrip() for element in document if element.kind == "table"}
    for part in chunk(document, replace(LIMITS, overlap_tokens=overlap), profile):
        own = text[part.char_start : part.char_end]
        repeated = part.text.removesuffix(own).removesuffix("\n")
        assert own
        assert part.text == own or repeated in headers


@given(DOCUMENTS, PROFILES)
@settings(deadline=None)
def test_chunk_keeps_the_order_and_never_overlaps_unasked(document: list[Element], profile: Profile) -> None:
    for first, second in pairwise(chunk(document, LIMITS, profile)):
        assert first.char_end <= second.char_start


def section(*paragraphs: str) -> list[Element]:
    return [Element("heading", "A", 1), *(Element("text", paragraph) for paragraph in paragraphs)]


def test_heading_makes_one_passage_of_a_section() -> None:
    document = [*section("one", "two"), Element("code", "x"), Element("heading", "B", 2), Element("text", "three")]
    assert [(part.heading_path, part.kind, part.text) for part in chunk(document, LIMITS, "heading")] == [
        (("A",), "text", "one\n\ntwo\n\nx"), (("A", "B"), "text", "three"),
    ]  # fmt: skip


def test_fixed_fills_every_window_of_a_section_but_the_last() -> None:
    document = section(*(f"w{number} and four more words" for number in range(40)))
    counts = [part.token_count for part in chunk(document, LIMITS, "fixed")]
    assert counts == [64, 64, 64, 8]


def test_semantic_cuts_where_the_subject_changes() -> None:
    korean = ["가 나 다 나 나", "나 가 나 나 나", "나 나 나 나 나"]
    english = ["a b c a a", "a a b a a", "a a a a a"]
    parts = chunk(section(*korean, *english), replace(LIMITS, window_tokens=8), "semantic")
    assert [part.text for part in parts] == ["\n\n".join(korean), "\n\n".join(english)]


def test_semantic_needs_an_embedder_and_an_unknown_profile_is_named() -> None:
    with pytest.raises(ValueError, match="needs `embed`"):
        chunk(section("one"), replace(LIMITS, embed=None), "semantic")
    with pytest.raises(ValueError, match="no chunking profile 'none'"):
        chunk(section("one"), LIMITS, "none")  # type: ignore[arg-type]


def test_an_overlap_repeats_whole_sentences_of_the_passage_before() -> None:
    sentences = [f"Sentence {number} has five words." for number in range(60)]
    document = section(" ".join(sentences))
    chunks = chunk(document, replace(LIMITS, overlap_tokens=12))
    assert len(chunks) > 3
    for first, second in pairwise(chunks):
        assert second.text.startswith(". ".join(first.text.split(". ")[-2:]))
        assert second.char_start < first.char_end


def test_an_overlap_never_crosses_a_heading() -> None:
    document = [*section("one two three."), Element("heading", "B", 2), Element("text", "four five six.")]
    assert [part.text for part in chunk(document, replace(LIMITS, overlap_tokens=12))] == [
        "one two three.", "four five six.",
    ]  # fmt: skip


def test_an_overlap_longer_than_half_a_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="half"):
        replace(LIMITS, overlap_tokens=40)
