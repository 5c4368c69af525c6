"""A later question is searched by itself, or behind the one before it when it says too little."""

from __future__ import annotations

import pytest

from serving.prompt import Turn
from serving.questions import standalone

LOCKED = "After how many wrong passwords is an account locked?"
HISTORY = [Turn("user", LOCKED), Turn("assistant", "After eight [1].")]


def test_a_first_question_is_left_as_it_is() -> None:
    assert standalone("And why?") == "And why?"
    assert standalone("And why?", [Turn("assistant", "Ask me anything.")]) == "And why?"


@pytest.mark.parametrize("question", ["And why?", "for how long", "그건 왜요?", "그럼 얼마나요?"])
def test_a_question_without_words_of_its_own_stands_behind_the_one_before(question: str) -> None:
    assert standalone(question, HISTORY) == f"{LOCKED}\n{question}"


@pytest.mark.parametrize(
    "question", ["How long is a password reset link valid by default?", "비밀번호 재설정 링크는 몇 분 동안 유효합니까?"]
)
def test_a_question_that_stands_alone_is_left_as_it_is(question: str) -> None:
    assert standalone(question, HISTORY) == question


def test_the_last_question_of_a_conversation_counts() -> None:
    longer = [*HISTORY, Turn("user", "How long is a link valid?"), Turn("assistant", "Thirty minutes [1].")]
    assert standalone("And why?", longer) == "How long is a link valid?\nAnd why?"
