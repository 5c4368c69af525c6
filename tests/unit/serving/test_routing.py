"""Routing: look-ups go to the light model, what needs thought to the strong one, in both languages."""

from __future__ import annotations

from dataclasses import astuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.hits import Hit
from serving.routing import LONG, complexity, features, route

NOBODY = UUID(int=0)
HIT = Hit(1, NOBODY, "u", "T", "s", "en", 1, NOBODY, NOBODY, 0, None, [], "text", "body", 1.0, 1, 1, 0.9)


@pytest.mark.parametrize(
    "question",
    ["How long is the link valid?", "Why is my account locked?", "연차는 며칠이에요?", "제 계정이 왜 잠겼나요?"],
)
def test_look_ups_are_light(question: str) -> None:
    assert route(question, [HIT], (), 0.6).tier == "light"


@pytest.mark.parametrize(
    "question",
    [
        "Compare both plans, explain which one is cheaper for 40 people, and list all the steps to change from one.",
        "두 요금제를 비교해서 40명이 쓰기에 어느 쪽이 유리한지 설명하고, 바꾸는 절차를 단계별로 정리해 주세요.",
    ],
)
def test_involved_questions_are_strong_and_say_why(question: str) -> None:
    chosen = route(question, [HIT], (), 0.6)
    assert chosen.tier == "strong"
    assert "compares" in chosen.reason


def test_rules_come_before_the_score() -> None:
    assert route("Compare everything and explain why", [], (), 0.0).tier == "light"
    assert route("x" * LONG, [HIT], (), 1.0).tier == "strong"


@given(st.text(max_size=300))
def test_any_question_has_bounded_features_and_a_score(question: str) -> None:
    found = features(question, [HIT])
    assert all(0 <= value <= 1.5 for value in astuple(found))
    assert 0 <= complexity(found) <= 1
