"""Pairs that are one word apart and two questions: hardly one is in a list of words, and none may pass for the same."""

from __future__ import annotations

import pytest

from serving.caching.guard import compare, swapped

PAIRS = (
    ("Who founded the company?", "Where was the company founded?"),
    ("What does the Basic plan include?", "What does the Premium plan include?"),
    ("How many employees work in Berlin?", "How many employees work in Munich?"),
    ("How do I archive a project?", "How do I unarchive a project?"),
    ("Can guests view files?", "Can guests edit files?"),
    ("What is the refund policy for annual plans?", "What is the refund policy for monthly plans?"),
    ("Which browsers are supported?", "Which browsers are not supported?"),
    ("How do I add a user?", "How do I remove a user?"),
    ("How do I export data?", "How do I import data?"),
    ("What is the daily rate limit?", "What is the hourly rate limit?"),
    ("Is parking free?", "Is lunch free?"),
    ("How do I connect a printer?", "How do I disconnect a printer?"),
    ("what is the capital gains tax for individuals", "what is the capital gains tax for companies"),
    ("How do I mute a channel?", "How do I unmute a channel?"),
    ("Who is the CEO?", "Who is the CFO?"),
    ("When does the sale start?", "When does the sale end?"),
    ("how long is the trial", "how long is the warranty"),
    ("Does the app work offline?", "Does the app work online?"),
    ("How do I install it on Windows?", "How do I install it on Linux?"),
    ("how do i install on mac", "how do i install on ubuntu"),
    ("정규직 연차는 며칠인가요?", "계약직 연차는 며칠인가요?"),
    ("출장비 신청 기한", "출장비 지급 기한"),
    ("서울 사무실 주소", "부산 사무실 주소"),
    ("남자 직원은 몇 명인가요?", "여자 직원은 몇 명인가요?"),
    ("비밀번호 변경 방법", "비밀번호 찾는 방법"),
    ("기본 요금제 가격", "프리미엄 요금제 가격"),
    ("관리자 권한을 주는 방법", "관리자 권한을 뺏는 방법"),
    ("회원 가입 방법", "회원 탈퇴 방법"),
    ("파일을 공유하는 방법", "파일 공유를 해제하는 방법"),
    ("와이파이를 연결하는 방법", "와이파이 연결을 끊는 방법"),
    ("점심시간은 언제인가요?", "저녁시간은 언제인가요?"),
    ("개인 회원 수수료", "법인 회원 수수료"),
    ("국내 배송비는 얼마인가요?", "해외 배송비는 얼마인가요?"),
    ("작년 매출", "올해 매출"),
    ("신입 사원 교육 일정", "경력 사원 교육 일정"),
    ("본인 결혼 휴가는 며칠?", "자녀 결혼 휴가는 며칠?"),
    ("화면을 밝게 하는 방법", "화면을 어둡게 하는 방법"),
    ("환불이 가능한 상품", "환불이 불가능한 상품"),
    ("입사 서류", "퇴사 서류"),
    ("첫 번째 단계는?", "두 번째 단계는?"),
    ("iPhone에서 백업하는 방법", "Android에서 백업하는 방법"),
    ("카카오톡으로 로그인하는 방법", "네이버로 로그인하는 방법"),
    ("재직 증명서 발급 방법", "경력 증명서 발급 방법"),
    ("글자를 크게 하려면", "글자를 작게 하려면"),
)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_one_word_apart_is_seen(one: str, other: str) -> None:
    assert not compare(one, other).agrees or swapped(one, other)
