"""Work that takes too long: nobody waits for its end, and its end is not forgotten."""

from __future__ import annotations

import asyncio
import time

import pytest

from serving.overrun import Overrun


async def stubborn(ended: list[str], cuts: int = 1) -> str:
    """Hang, and take long to end unless it is cancelled once more often than `cuts`."""
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        try:
            await asyncio.sleep(30 if cuts else 0)
        finally:
            ended.append("ended")
        raise
    return "done"


def test_what_ends_in_time_is_returned_or_raised() -> None:
    async def good() -> int:
        return 7

    async def bad() -> int:
        raise ValueError("no")

    async def scenario() -> None:
        assert await Overrun().wait(good(), 1) == 7
        with pytest.raises(ValueError, match="no"):
            await Overrun().wait(bad(), 1)

    asyncio.run(scenario())


def test_what_overruns_is_left_at_once_and_cut_short_at_the_end() -> None:
    async def scenario() -> None:
        overrun, ended = Overrun(), list[str]()
        began = time.monotonic()
        with pytest.raises(TimeoutError, match=r"0\.05 s"):
            await overrun.wait(stubborn(ended), 0.05)
        assert time.monotonic() - began < 1 and not ended
        await overrun.stop()
        assert time.monotonic() - began < 1 and ended == ["ended"]

    asyncio.run(scenario())


def test_a_caller_who_leaves_takes_the_work_along() -> None:
    async def scenario() -> None:
        overrun, ended = Overrun(), list[str]()
        caller = asyncio.create_task(overrun.wait(stubborn(ended, cuts=0), 10))
        await asyncio.sleep(0.05)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await asyncio.sleep(0.05)
        assert ended == ["ended"]
        await overrun.stop()

    asyncio.run(scenario())
