"""Choosing sentences: only ones that answer, in reading order, and none rather than a wrong one."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from serving.generators.extractive import MAX_SENTENCES, Unit, coverage, names_alike, quotable, select
from serving.hits import Hit


def hit(text: str, kind: str = "text") -> Hit:
    nobody = UUID(int=0)
    return Hit(
        1, nobody, "u", "t", "s", "en", 1, nobody, nobody, 0, None, ["Guide", "Login"], kind, text, 0.0, 1, 1, 0.9
    )


def unit(text: str, number: int = 1, position: int = 0) -> Unit:
    return Unit(text, number, position, ())


def test_quotable_cuts_sentences_and_keeps_lists_whole() -> None:
    parts = quotable(hit("First one. Second one.\n\n- step a\n- step b"), 3)
    assert [(part.text, part.number, part.position) for part in parts] == [
        ("First one.", 3, 0), ("Second one.", 3, 1), ("- step a\n- step b", 3, 2),
    ]  # fmt: skip


def test_quotable_gives_every_row_its_header() -> None:
    parts = quotable(hit("plan | price\nbasic | 3\npro | 9", "table"), 1)
    assert [part.text for part in parts] == ["plan | price\nbasic | 3", "plan | price\npro | 9"]


def test_code_is_quoted_as_code_and_a_documents_own_numbers_are_no_citations() -> None:
    assert [part.text for part in quotable(hit("a = b[1]", "code"), 1)] == ["```\na = b[1]\n```"]
    assert [part.text for part in quotable(hit("As [3] says."), 1)] == ["As (3) says."]


def test_names_alike_wants_every_version_and_code_of_the_question() -> None:
    passage = hit("Version 3.1 came in 2026; AUTH-133 is fixed.")
    assert names_alike("What does auth-133 mean in 3.1? I have 2 files.", passage)
    assert not names_alike("When does 4.0 come?", passage)


def test_coverage_counts_rare_words_more_than_common_ones() -> None:
    units = [unit("password locked account"), unit("account help"), unit("account price")]
    covered = coverage("Which password is locked?", units)
    assert covered[0] == 1.0
    assert covered[1] == covered[2] == 0.0


def test_select_prefers_nothing_to_a_weak_sentence() -> None:
    assert select([unit("a"), unit("b")], [0.15, 0.1], [0.0, 0.1]) == []


def test_select_keeps_reading_order() -> None:
    units = [unit("later", 2, 0), unit("first", 1, 1), unit("earlier", 1, 0)]
    assert [part.text for part in select(units, [0.95, 0.94, 0.95], [1, 1, 1])] == ["earlier", "first", "later"]


scores = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)


@given(scores)
def test_select_never_returns_more_than_asked_or_what_was_not_given(pairs: list[tuple[float, float]]) -> None:
    units = [unit(str(index), 1, index) for index in range(len(pairs))]
    chosen = select(units, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    assert len(chosen) <= MAX_SENTENCES
    assert set(chosen) <= set(units)
