"""The tokenizer's normalisation, on a vocabulary small enough to read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.embedding.packaged_tokenizer import BEGIN, END, UNKNOWN, build_tokenizer

WORDS = ["▁", "▁ab", "a", "b", "c", "가", "나", "가나", "～", "~", "1"]
TOKENIZER = build_tokenizer(
    [(special, 0.0) for special in ("<s>", "<pad>", "</s>", "<unk>")] + [(word, -10.0 / len(word)) for word in WORDS]
)


def pieces(text: str) -> list[str]:
    return TOKENIZER.encode(text, add_special_tokens=False).tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab", ["▁ab"]),
        ("ab\n\tab", ["▁ab", "▁ab"]),  # any white space is one space
        ("a\u200bb", ["▁", "a", "▁", "b"]),  # an invisible space is a space
        ("ab\u0007", ["▁ab"]),  # a control character is nothing
        ("\uff41\uff42", ["▁ab"]),  # fullwidth letters
        ("\u1100\u1161\u1102\u1161", ["▁", "가나"]),  # decomposed Hangul, as file systems write it
        ("1～1~1", ["▁", "1", "～", "1", "~", "1"]),  # the fullwidth tilde stays itself
        ("", []),
    ],
)
def test_text_is_normalised(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_special_tokens_surround_content() -> None:
    assert TOKENIZER.encode("a").ids[0] == BEGIN
    assert TOKENIZER.encode("a").ids[-1] == END


def test_unknown_characters_become_one_unknown_token() -> None:
    assert TOKENIZER.encode("a漢字", add_special_tokens=False).ids[-1:] == [UNKNOWN]
    assert len(pieces("a漢字")) == 3


@given(st.text("ab c가나\n\t\r\u3000", max_size=30), st.text(" \n\t\r\u3000", max_size=4))
def test_white_space_around_and_between_words_carries_no_meaning(text: str, space: str) -> None:
    assert pieces(text + space) == pieces(text)
    assert pieces(" ".join(text.split())) == pieces(text.strip())
