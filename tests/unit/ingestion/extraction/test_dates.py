"""Dates: Korean and English writing to ISO 8601, and nothing that has to be guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.extraction.dates import find


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026년 3월 1일부터 시행", ["2026-03-01"]),
        ("2026년3월1일", ["2026-03-01"]),
        ("2026년 3월호", ["2026-03"]),
        ("작성일: 2026. 3. 1.", ["2026-03-01"]),
        ("2026.03.01 개정", ["2026-03-01"]),
        ("on 2026-03-01T10:00Z", ["2026-03-01"]),
        ("2026/3/1", ["2026-03-01"]),
        ("March 1, 2026", ["2026-03-01"]),
        ("Sept. 3rd, 2026", ["2026-09-03"]),
        ("MAR 1 2026", ["2026-03-01"]),
        ("the 1st of March 2026", ["2026-03-01"]),
        ("1 March, 2026", ["2026-03-01"]),
        ("in March 2026", ["2026-03"]),
    ],
)
def test_a_date_becomes_iso(text: str, expected: list[str]) -> None:
    assert find(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "3월 1일", "03/04/2026", "2026년", "2026", "2026-02-30", "2026년 13월 1일", "v2026.3.1", "2026.3.1.4",
        "12026-03-01", "may 2026", "version 2026.3.1", "2026-03-01-4", "10.0.2026.3.1",
    ],
)  # fmt: skip
def test_what_must_be_guessed_is_left_out(text: str) -> None:
    assert find(text) == []


def test_dates_come_in_order_without_repetition() -> None:
    text = "May 2, 2026에 시작해 2026년 3월 1일과 2026-05-02, 2025. 12. 31.을 지났다."
    assert find(text) == ["2026-05-02", "2026-03-01", "2025-12-31"]


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 3))
def test_every_day_is_found_in_every_writing(day: date, writing: int) -> None:
    forms = (
        f"{day.year}년 {day.month}월 {day.day}일",
        f"{day.year}. {day.month}. {day.day}.",
        f"{day:%B} {day.day}, {day.year}",
        day.isoformat(),
    )
    assert find(f"시행 {forms[writing]} now") == [day.isoformat()]


@given(st.text(alphabet="0123456789년월일.-/ MarchJune,st", max_size=200))
def test_any_text_is_read_and_only_real_dates_come_back(text: str) -> None:
    for found in find(text):
        date.fromisoformat(found if len(found) == 10 else f"{found}-01")
