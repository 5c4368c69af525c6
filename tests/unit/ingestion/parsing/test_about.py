"""Dates, tags and states in one form, whatever the format writes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.parsing import about


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-22T09:00:00+01:00", "2026-09-22T09:00:00+01:00"),
        ("2026-09-22T09:00:00Z", "2026-09-22T09:00:00+00:00"),
        ("2026-09-22", "2026-09-22"),
        ("2026/9/2", "2026-09-02"),
        ("2026. 9. 2.", "2026-09-02"),
        ("2026년 9월 8일", "2026-09-08"),
        ("September 8, 2026", "2026-09-08"),
        ("8 Sep 2026", "2026-09-08"),
        ("Thu, 01 Oct 2026 09:12:00 +0100", "2026-10-01T09:12:00+01:00"),
        ("D:20260819120000+09'00'", "2026-08-19T12:00:00+09:00"),
        ("D:20260819120000Z", "2026-08-19T12:00:00+00:00"),
        ("D:2026", "2026-01-01T00:00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, 678, UTC), "2026-01-02T03:04:05+00:00"),
        ("2026-13-45", None),
        ("soon", None),
        ("10", None),
        (None, None),
    ],
)
def test_iso_date_reads_what_files_write(written: object, expected: str | None) -> None:
    assert about.iso_date(written) == expected


@given(st.text() | st.none() | st.integers())
def test_iso_date_never_fails(written: object) -> None:
    found = about.iso_date(written)
    assert found is None or found[4] == "-"


def test_tags_are_a_list_without_repetitions() -> None:
    assert about.tags("요금, 할인; 요금,, ") == ["요금", "할인"]
    assert about.tags(["a", " a ", 1]) == ["a", "1"]
    assert about.tags(None) == []


@pytest.mark.parametrize(
    ("written", "state"), [("Draft", "draft"), ("최종", "published"), ("obsolete", "archived"), (7, None)]
)
def test_publication_state_maps_what_people_write(written: object, state: str | None) -> None:
    assert about.publication_state(written) == state


def test_metadata_leaves_out_what_is_unknown() -> None:
    assert about.metadata(author=None, tags=[], page_count=0) == {"page_count": 0}
