"""Which waiting rows are announced, and when again."""

from __future__ import annotations

import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

# Airflow reads its configuration at first import and must not find anybody's own.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-trigger-"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugins"))

from regesta_triggers import MAX_REMIND_SECONDS, REMIND_SECONDS, Announcements


def test_a_new_row_is_announced_at_once_and_only_once() -> None:
    announcements = Announcements()
    assert announcements.choose({"a": "1"}, 0) == ["a"]
    assert announcements.choose({"a": "1"}, 1) == []
    assert announcements.choose({"a": "2", "b": "1"}, 2) == ["a", "b"]


def test_what_still_waits_is_announced_again_after_ever_longer_pauses() -> None:
    announcements, times = Announcements(), []
    for second in range(4 * 3600):
        if announcements.choose({"a": "1"}, second):
            times.append(second)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:3] == [60, 120, 240]
    assert max(pauses) == MAX_REMIND_SECONDS


def test_a_settled_name_starts_afresh() -> None:
    announcements = Announcements()
    announcements.choose({"a": "1"}, 0)
    assert announcements.choose({}, 1) == []
    assert announcements.choose({"a": "1"}, 2) == ["a"]


@given(st.lists(st.tuples(st.dictionaries(st.sampled_from("abc"), st.sampled_from("12")), st.floats(0, 500))))
def test_the_pause_never_sleeps_through_a_reminder(looks: list[tuple[dict[str, str], float]]) -> None:
    announcements, now = Announcements(), 0.0
    for waiting, step in looks:
        now += step
        announcements.choose(waiting, now)
        pause = announcements.pause(now)
        assert 0 < pause <= REMIND_SECONDS
        assert announcements.choose(waiting, now + pause - 0.2 if pause > 0.2 else now) == []
