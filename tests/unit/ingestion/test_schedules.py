"""When a source is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.schedules import due


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "since", "moment", "expected"),
    [
        ("hourly", at(5, 9, 1), at(5, 10), True),
        ("hourly", at(5, 10, 1), at(5, 10), False),
        ("nightly", at(4, 2, 1), at(5, 2), True),
        ("nightly", at(5, 2, 1), at(5, 3), False),
        ("nightly", at(5, 1, 59), at(5, 2), True),
        ("nightly", at(4, 2, 1), at(5, 7), True),  # nobody was there at two
        ("nightly", at(5, 1), at(5, 1), False),
        ("nightly", at(4, 3), at(5, 1), False),
        ("nightly", at(4, 14), at(4, 15), False),  # a source added by day waits for the night
        ("manual", at(1, 0), at(5, 2), False),
    ],
)
def test_due(schedule: str, since: datetime, moment: datetime, expected: bool) -> None:
    assert due(schedule, since, moment) is expected


@given(st.sampled_from(["hourly", "nightly"]), st.integers(0, 200), st.integers(1, 200))
def test_no_time_is_missed_and_none_is_synced_twice(schedule: str, start: int, hours: int) -> None:
    since, synced = at(1, 0, 30) + timedelta(hours=start), 0
    first = since
    for hour in range(hours):
        moment = (first + timedelta(hours=hour + 1)).replace(minute=0)
        if due(schedule, since, moment):
            since, synced = moment + timedelta(seconds=5), synced + 1
    boundaries = [(first + timedelta(hours=hour + 1)).replace(minute=0) for hour in range(hours)]
    assert synced == sum(schedule == "hourly" or moment.hour == 2 for moment in boundaries)
