"""What the names' model is given to read: everything a name may be in, and little else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.extraction import english_names
from ingestion.extraction.name_candidates import candidates, small_words


def found(*texts: str) -> frozenset[str]:
    return candidates(texts, small_words(texts))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Yesterday Angela Merkel spoke.", {"Angela", "Merkel"}),
        ("The Bank of England and the Bank for Trade rose.", {"Bank", "England", "Trade"}),
        ("We asked Dr. Smith about it.", {"Smith"}),
        ("It was made in Busan.", {"Busan"}),
        ("Trains to Lisbon leave daily.", {"Lisbon"}),
    ],
)
def test_words_written_and_placed_like_names_are_candidates(text: str, words: set[str]) -> None:
    assert words <= found(text)


@pytest.mark.parametrize(
    "text", ["Nobody may copy it. Each key is checked.", "the report was read", "Press Enter to go on.", "", "한국어"]
)
def test_a_capital_at_the_beginning_of_a_sentence_or_alone_is_none(text: str) -> None:
    assert found(text, "press a key; nobody, each") == frozenset()


SENTENCES = (
    "Angela Merkel met Tim Cook of Goldman Sachs Group in Lisbon on Monday.",
    "Nobody may copy a key without asking the office.",
    "Stanford University opened an office in Seoul. Dr. Smith will lead it.",
    "Paris is large. Merkel said so.",
    "Use Cargo to build. The cargo is heavy.",
    "Each report goes to the Bank of Korea, as Tim Cook asked.",
)


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8))
def test_leaving_the_other_paragraphs_out_loses_no_name(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(english_names, "worth_reading", lambda texts, ordinary: iter(texts))
        everything = english_names.find(texts)
    assert english_names.find(texts) == everything
