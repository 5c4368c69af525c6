"""Answers are kept beside the requests: nobody waits but who needs them, and a clean stop loses none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import structlog

from serving.access import Scope
from serving.caching import keeping
from serving.caching.answers import AnswerCache
from serving.caching.decisions import CachedAnswer
from serving.caching.keeping import Keeper
from serving.filters import EVERYTHING
from serving.hits import Query

SCOPE = Scope(uuid4(), "t", ("everyone",))


class SlowCache:
    """Takes its time to keep an answer, and remembers in which order things were done to it."""

    def __init__(self, seconds: float = 0.05, fails: bool = False) -> None:
        self.seconds, self.fails = seconds, fails
        self.done: list[str] = []
        self.at_once = self.most_at_once = 0

    async def store(self, scope: Scope, query: Query, question: str, *_: Any, **__: Any) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            if self.fails:
                raise ZeroDivisionError
            self.done.append(question)
        finally:
            self.at_once -= 1

    async def evict(self, scope: Scope, answer_id: UUID) -> int:
        self.done.append("evict")
        return 1

    async def pin(self, scope: Scope, answer_id: UUID, text: str | None = None) -> None:
        self.done.append("pin")


def keeper(cache: SlowCache) -> Keeper:
    return Keeper(cast(AnswerCache, cache))


def keep(keeper: Keeper, question: str) -> UUID:
    answer_id = uuid4()
    keeper.keep(SCOPE, Query(question), question, [], CachedAnswer(answer_id, "Eight [1]."), EVERYTHING)
    return answer_id


def test_keeping_holds_nobody_up_and_a_stop_waits_for_all_of_it() -> None:
    async def scenario() -> None:
        cache = SlowCache()
        mine = keeper(cache)
        began = time.perf_counter()
        questions = [f"question {number}" for number in range(3 * keeping.AT_ONCE)]
        for question in questions:
            keep(mine, question)
        assert time.perf_counter() - began < cache.seconds and not cache.done
        await mine.stop()
        assert cache.done == questions
        assert cache.most_at_once == keeping.AT_ONCE
        await mine.stop()  # nothing is kept any more

    asyncio.run(scenario())


def test_who_asks_the_same_again_waits_for_it_and_nobody_else_does() -> None:
    async def scenario() -> None:
        cache = SlowCache()
        mine = keeper(cache)
        keep(mine, "How many?")
        await mine.settle(SCOPE, "Another one?")
        await mine.settle(Scope(uuid4(), "another", ("everyone",)), "How many?")
        assert cache.done == []
        await mine.settle(SCOPE, "How many?")
        assert cache.done == ["How many?"]

    asyncio.run(scenario())


def test_a_thumb_down_or_a_verification_comes_after_the_answer_it_is_about() -> None:
    async def scenario() -> None:
        cache = SlowCache()
        mine = keeper(cache)
        first, second = keep(mine, "first"), keep(mine, "second")
        assert await mine.evict(SCOPE, first) == 1
        await mine.pin(SCOPE, second)
        assert cache.done.index("first") < cache.done.index("evict")
        assert cache.done.index("second") < cache.done.index("pin")

    asyncio.run(scenario())


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PATIENCE_SECONDS", 0.05)

    async def scenario() -> Sequence[Any]:
        mine = keeper(SlowCache(seconds=60))
        keep(mine, "How many?")
        keep(mine, "How long?")
        began = time.perf_counter()
        await mine.settle(SCOPE, "How many?")
        with structlog.testing.capture_logs() as logged:
            await mine.stop(0.05)
        assert time.perf_counter() - began < 2
        return logged

    assert [(one["event"], one["answers"]) for one in asyncio.run(scenario())] == [("answers_not_kept", 2)]


def test_a_line_that_is_too_long_is_cut_and_what_fails_is_nobodys_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "WAITING_LIMIT", 2)

    async def scenario() -> Sequence[Any]:
        mine = keeper(SlowCache(fails=True))
        with structlog.testing.capture_logs() as logged:
            for question in ("first", "second", "third"):
                keep(mine, question)
            await mine.settle(SCOPE, "first")
            await mine.stop()
        return logged

    assert [one["event"] for one in asyncio.run(scenario())] == ["answer_not_kept"] * 3
