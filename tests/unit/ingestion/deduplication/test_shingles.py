from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.deduplication import jaccard, shingle_hashes

SIZES = st.integers(1, 9)
KOREAN = "비밀번호를 다섯 번 연속으로 틀리면 계정이 잠깁니다."
ENGLISH = "An account is locked after five wrong passwords in a row."


def shingles(text: str, size: int) -> set[str]:
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
    return {letters[start : start + size] for start in range(len(letters) - size + 1)}


@given(st.text(), SIZES)
def test_shingle_hashes_are_one_per_different_run_of_letters(text: str, size: int) -> None:
    assert len(shingle_hashes(text, size)) == len(shingles(text, size))


@given(st.text(), st.text(), SIZES)
def test_jaccard_of_hashes_is_that_of_the_shingles(one: str, other: str, size: int) -> None:
    first, second = shingles(one, size), shingles(other, size)
    expected = len(first & second) / len(first | second) if first | second else 0
    assert jaccard(shingle_hashes(one, size), shingle_hashes(other, size)) == pytest.approx(expected)


@given(st.lists(st.sampled_from(["가", "나", "a", "1", "é"]), min_size=9), st.sampled_from(" \n\t.,-—·()「」*#_"))
def test_shingle_hashes_ignore_blanks_and_punctuation(letters: list[str], between: str) -> None:
    joined, spaced = "".join(letters), between.join(letters)
    assert np.array_equal(shingle_hashes(joined, 5), shingle_hashes(spaced, 5))


@pytest.mark.parametrize(
    ("one", "other"),
    [("할 수 있다고 한다", "할수있다고 한다"), ("ＡＰＩ Key 발급", "api key 발급"), ("한글 문서", "한글 문서")],
)
def test_shingle_hashes_ignore_width_case_and_composition(one: str, other: str) -> None:
    assert np.array_equal(shingle_hashes(one, 5), shingle_hashes(unicodedata.normalize("NFD", other), 5))


@pytest.mark.parametrize("text", [KOREAN, ENGLISH])
def test_shingle_hashes_are_ascending_and_tell_one_changed_letter(text: str) -> None:
    hashes = shingle_hashes(text, 5)
    changed = shingle_hashes("X" + text[1:], 5)
    assert hashes.dtype == np.uint32
    assert (np.diff(hashes.astype(np.int64)) > 0).all()
    assert len(np.setdiff1d(changed, hashes)) == 1


@pytest.mark.parametrize("text", ["", "   ", "…!?", "네 번", "\ud800"])
def test_shingle_hashes_of_too_short_a_text_are_none(text: str) -> None:
    assert len(shingle_hashes(text, 7)) == 0


def test_shingle_hashes_hardly_collide() -> None:
    numbers = "".join(f"{number:06d}가" for number in range(60_000))
    different = len(shingles(numbers, 7))
    by_chance = different**2 / 2**33
    assert different - len(shingle_hashes(numbers, 7)) <= 4 * by_chance + 4


def test_jaccard_of_two_empty_sets_is_0() -> None:
    assert jaccard(shingle_hashes("", 5), shingle_hashes("", 5)) == 0
