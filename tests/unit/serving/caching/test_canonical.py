"""One form for what is only spelled, said or translated otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.caching.canonical import canonical, fails
from serving.caching.exclusions import why_not_cached


def test_canonical_is_one_for_the_four_ways_to_say_that_login_fails() -> None:
    ways = (
        "로그인이 안 돼요",
        "로그인 오류가 나요",
        "signin이 작동하지 않습니다",
        "로그인 할 수 없어요",
        "ＬＯＧＩＮ이 안돼요!",
    )
    assert {canonical(way) for way in ways} == {"로그인 안 됨"}
    assert canonical("로그인 기록을 지우고 싶어요") != "로그인 안 됨"


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("I can't log in!", "login not working"),
        ("Why won't the card work?", "why the card not working"),
        ("Could you please tell me how to share a folder?", "how to share a folder"),
        ("휴가 신청은 어떻게 하나요?", "휴가 신청 방법"),
        ("휴가 신청 방법 알려주세요", "휴가 신청 방법"),
    ],
)
def test_canonical_drops_courtesy_and_spelling(typed: str, form: str) -> None:
    assert canonical(typed) == form


def test_canonical_keeps_a_wish_that_something_may_not_happen() -> None:
    assert not fails(canonical("자동 결제가 되지 않게 하려면?"))


@given(st.text(max_size=120))
def test_canonical_takes_any_text(text: str) -> None:
    assert canonical(text) == " ".join(canonical(text).split())


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("제 휴가는 며칠 남았나요?", "personal"),
        ("내 비밀번호를 바꾸려면?", "personal"),
        ("How many days off do I have left in my account?", "personal"),
        ("지금 서버가 켜져 있나요?", "time-bound"),
        ("What is on the menu today?", "time-bound"),
        ("휴가 신청 방법 알려주세요", None),
        ("Tell me how to share a folder", None),
        ("제목을 바꾸는 방법", None),
    ],
)
def test_personal_and_time_bound_questions_are_not_cached(question: str, reason: str | None) -> None:
    assert why_not_cached(question) == reason
