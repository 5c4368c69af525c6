"""Kinds of English words: told by sentences, and only by as many as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from ingestion.extraction import english_words
from ingestion.extraction.english_words import kinds, sentences


def test_nouns_and_adjectives_are_told_from_other_words() -> None:
    found = kinds(sentences(["The old printer quickly prints the annual reports.", "See https://example.org/old."]))
    assert {"printer": "noun", "report": "noun", "old": "adjective"}.items() <= found.items()
    assert not {"quick", "quickli", "see", "https"} & found.keys()


def test_inflections_and_possessives_share_a_key() -> None:
    ((_, words),) = sentences(["Receipts, a receipt and the receipt's date"])
    assert [word.key for word in words] == ["receipt", "receipt", "receipt", "date"]


def test_a_sentence_said_often_is_read_only_as_often_as_it_tells_something(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(texts: Iterable[str]) -> Iterator[Any]:
        chosen = list(texts)
        read.extend(chosen)
        return tagged(chosen)

    tagged = english_words.tagged
    monkeypatch.setattr(english_words, "tagged", counted)
    found = kinds(sentences(["The finance team checks each receipt."] * 100 + ["A budget is planned."]))
    assert {"team", "receipt", "budget"} <= found.keys()
    assert len(read) == 2
