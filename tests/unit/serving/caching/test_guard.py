"""The guard says no to whatever two questions contradict each other in, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.caching.guard import compare, swapped

LOGINS = ("로그인이 안 돼요", "로그인 오류가 나요", "signin이 작동하지 않습니다", "로그인 할 수 없어요")


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("2023년 매출은 얼마인가요?", "2024년 매출은 얼마인가요?", "numbers"),
        ("What is the limit for 2 users?", "What is the limit for three users?", "numbers"),
        ("두 달 전에 신청해야 하나요?", "세 달 전에 신청해야 하나요?", "numbers"),
        ("What changed in March?", "What changed in April?", "times"),
        ("월요일에 여나요?", "토요일에 여나요?", "times"),
        ("How do I connect to S3?", "How do I connect to SFTP?", "names"),
        ("Who leads the Lisbon office?", "Who leads the Berlin office?", "names"),
        ("Airflow 설치 방법", "Postgres 설치 방법", "names"),
        ("알림을 켜는 방법", "알림을 끄는 방법", "opposites"),
        ("How do I enable MFA?", "How do I disable MFA?", "opposites"),
        ("How to upgrade the plan?", "How to downgrade the plan?", "opposites"),
        ("What is the maximum file size?", "What is the minimum file size?", "opposites"),
        ("초대할 수 있는 사람", "초대할 수 없는 사람", "negation"),
        ("Which files are synced?", "Which files are never synced?", "negation"),
        ("How do I log in?", "I cannot log in", "failure"),
        ("로그인이 안 돼요", "로그인 기록을 지우고 싶어요", "failure"),
        ("휴가 신청 방법", "휴가 취소 방법", "actions"),
        ("How do I delete a folder?", "How do I restore a folder?", "actions"),
        ("누가 썼나요?", "언제 썼나요?", "kind of question"),
        ("Who wrote it?", "When was it written?", "kind of question"),
        ("회의는 어디에서 열리나요?", "회의는 언제 열리나요?", "kind of question"),
        ("How much does it cost?", "How long does it take?", "kind of question"),
    ],
)
def test_compare_sees_what_contradicts(one: str, other: str, reason: str) -> None:
    assert compare(one, other).reason == reason
    assert compare(other, one).reason == reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *((LOGINS[0], other) for other in LOGINS[1:]),
        ("I can't log in", "Login doesn't work"),
        ("My card stopped working", "My card won't work."),
        ("How do I reset a password?", "What is the procedure for a password reset?"),
        ("휴가는 어떻게 신청하나요?", "휴가 신청 방법 알려주세요"),
        ("Does it last two months?", "Does it last 2 months?"),
        ("가격이 얼마예요?", "요금은 얼마인가요?"),
        ("What is the PIN for?", "what is the pin for"),
    ],
)
def test_compare_agrees_on_other_words_for_the_same(one: str, other: str) -> None:
    assert compare(one, other).agrees, compare(one, other)


@pytest.mark.parametrize(
    ("one", "other", "is_pair"),
    [
        ("정규직 연차는 며칠인가요?", "계약직 연차는 며칠인가요?", True),
        ("점심시간은 언제인가요?", "저녁시간은 언제인가요?", True),
        ("How do I mute a channel?", "how can I unmute the channel", True),
        ("What is the policy for annual plans?", "What is the policy for monthly plans?", True),
        ("How do I share a folder?", "How can I share a folder?", False),
        ("Does it last two months?", "Does it last 2 months?", False),
        ("로그인이 안 돼요", "로그인 오류가 나요", False),
    ],
)
def test_swapped_finds_one_word_for_another(one: str, other: str, is_pair: bool) -> None:
    assert bool(swapped(one, other)) is is_pair
    assert swapped(one, other) == swapped(other, one)


@given(st.text(max_size=80), st.text(max_size=80))
def test_compare_is_symmetric_and_agrees_with_itself(one: str, other: str) -> None:
    assert compare(one, one).agrees
    assert compare(one, other).agrees == compare(other, one).agrees
