"""Text analysis: Korean words are found under their particles, English ones under their endings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import analysis
from corpus.analysis import language, lexemes, lexemes_of, morphemes, read_ahead, sentences, tsvector


@pytest.mark.parametrize(
    "form", ["로그인이", "로그인은", "로그인하려면", "로그인을", "로그인에서", "로그인", "LOGIN을 로그인"]
)
def test_lexemes_find_a_noun_under_its_particles(form: str) -> None:
    assert "로그인" in lexemes(form)


@pytest.mark.parametrize("form", ["비밀번호를", "비밀번호로", "비밀번호가", "비밀번호"])
def test_lexemes_give_compounds_whole_whatever_kiwi_does(form: str) -> None:
    assert "비밀번호" in lexemes(form)


def test_lexemes_stem_english_and_drop_its_commonest_words() -> None:
    assert lexemes("They're resetting the passwords") == ["they", "reset", "password"]


def test_lexemes_keep_latin_words_glued_to_korean_particles() -> None:
    assert "api" in lexemes("API를 부릅니다")
    assert "signin" in lexemes("signin이 작동하지 않습니다")


def test_lexemes_fold_width_and_case() -> None:
    assert lexemes("ＡＰＩ") == lexemes("api") == ["api"]


@given(st.lists(st.text(alphabet="가나다비밀번호를 ab1.", max_size=30), max_size=6))
def test_many_texts_have_the_lexemes_each_has_alone(texts: list[str]) -> None:
    assert list(lexemes_of(texts)) == [lexemes(text) for text in texts]


def test_how_lines_are_wrapped_and_letters_written_is_no_part_of_the_words() -> None:
    assert lexemes("DB서버의 비밀번호를\n바꿉니다.") == lexemes("db서버의  비밀번호를 바꿉니다.")
    assert "db서버" in lexemes("DB서버를 켭니다")


PARAGRAPHS = st.lists(st.text(alphabet="가나다비밀번호를 ab1.", max_size=30), max_size=6)


@given(PARAGRAPHS, PARAGRAPHS)
def test_what_was_read_ahead_is_what_is_read(ahead: list[str], asked: list[str]) -> None:
    expected = [[token.form for token in tokens] for tokens in morphemes([*ahead, *asked])]
    with read_ahead(ahead):
        found = morphemes([*ahead, *asked])
    assert [[token.form for token in tokens] for tokens in found] == expected
    assert analysis._ahead == {}


def test_a_block_that_fails_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError), read_ahead(["비밀번호를 바꿉니다.", "로그인이 됩니다."]):
        raise ZeroDivisionError
    assert analysis._ahead == {}


def test_what_was_read_ahead_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with read_ahead(["비밀번호를 바꿉니다.", "no Korean"]):
        monkeypatch.setattr(analysis, "_kiwi", None)
        assert "비밀번호" in lexemes("비밀번호를\n바꿉니다.\n\nno Korean")


@given(st.text(max_size=200))
def test_lexemes_and_tsvector_take_any_text(text: str) -> None:
    literal = tsvector(lexemes(text))
    assert isinstance(literal, str)


def test_tsvector_quotes_and_keeps_positions() -> None:
    assert tsvector(["it's", "a\\b", "it's"]) == "'it''s':1,3 'a\\\\b':2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("로그인이 안 됩니다. API error 500", "ko"),
        ("The API answers 500.", "en"),
        ("12345 !!", "en"),
        ("", "en"),
    ],
)
def test_language_by_share_of_hangul(text: str, expected: str) -> None:
    assert language(text) == expected


def test_sentences_split_both_languages() -> None:
    text = "안녕하세요. 로그인이 됐나요? Dr. Smith went home. It costs 3.5 dollars, e.g. Tuesday."
    assert sentences(text) == [
        "안녕하세요.", "로그인이 됐나요?", "Dr. Smith went home.", "It costs 3.5 dollars, e.g. Tuesday.",
    ]  # fmt: skip


def test_threads_do_not_disturb_each_other() -> None:
    texts = [
        "Eight wrong passwords locked accounts",
        "비밀번호 재설정 running quickly",
        "generalisations considered",
    ] * 300
    expected = [lexemes(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            assert list(threads.map(lexemes, texts)) == expected
