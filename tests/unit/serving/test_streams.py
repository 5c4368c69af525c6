"""Running answers: who reads decides how long one is written, and every one ends in one `done`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest

from serving import streams
from serving.access import Scope
from serving.errors import NotFound
from serving.events import Event
from serving.metrics import STREAMS
from serving.streams import Streams

SCOPE = Scope(uuid4(), "t", ("everyone",))
GRACE = 0.05


class Script:
    """Writes tokens, one whenever told, or without end."""

    def __init__(self, tokens: int | None = 3, last: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        self.tokens, self.last, self.written, self.is_closed = tokens, last, 0, False

    async def __call__(self) -> AsyncGenerator[Event, None]:
        try:
            while self.tokens is None or self.written < self.tokens:
                self.written += 1
                yield Event("token", {"text": str(self.written)})
                await asyncio.sleep(0.005)
            yield Event("done", {"state": "complete"})
            if self.last:
                await self.last()
        finally:
            self.is_closed = True


def begun(script: Script, **given: Any) -> tuple[Streams, UUID]:
    running, answer_id = Streams(**{"grace_seconds": GRACE, **given}), uuid4()
    running.start(answer_id, SCOPE, script())
    return running, answer_id


async def read(events: AsyncGenerator[Event, None]) -> list[tuple[int, str]]:
    return [(event.number, event.kind) async for event in events]


WHOLE = [(1, "token"), (2, "token"), (3, "token"), (4, "done")]


def test_readers_get_the_same_events_from_any_place_at_any_time() -> None:
    async def scenario() -> None:
        running, answer_id = begun(Script())
        places = [0, 2, 0, 4, 99]
        found = await asyncio.gather(*(read(running.attach(answer_id, SCOPE, after)) for after in places))
        assert found == [WHOLE[after:] for after in places]
        assert await read(running.attach(answer_id, SCOPE, 1)) == WHOLE[1:], "it has ended, and is remembered"

    asyncio.run(scenario())


def test_a_reader_who_is_back_within_the_grace_finds_it_going_on() -> None:
    async def scenario() -> None:
        script = Script(None)
        running, answer_id = begun(script)
        first = running.attach(answer_id, SCOPE)
        assert (await anext(first)).number == 1
        await first.aclose()
        second = running.attach(answer_id, SCOPE, 1)
        assert (await anext(second)).number == 2
        await asyncio.sleep(GRACE * 2)
        assert not script.is_closed
        await second.aclose()
        await asyncio.sleep(GRACE * 2)
        assert script.is_closed

    asyncio.run(scenario())


def test_an_answer_nobody_reads_ends_in_an_error_and_done() -> None:
    async def scenario() -> None:
        script, before = Script(None), STREAMS._value.get()
        running, answer_id = begun(script)
        await asyncio.sleep(GRACE / 2)
        assert STREAMS._value.get() == before + 1
        await asyncio.sleep(GRACE * 2)
        assert script.is_closed and STREAMS._value.get() == before
        *_, error, done = [event async for event in running.attach(answer_id, SCOPE)]
        assert (error.data["type"], done.data["state"]) == ("abandoned", "abandoned")

    asyncio.run(scenario())


@pytest.mark.parametrize("ending", ["stopped", "shutting-down", "too-long"])
def test_whatever_ends_it_is_named(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if ending == "too-long":
        monkeypatch.setattr(streams, "EVENT_LIMIT", 5)

    async def scenario() -> None:
        running, answer_id = begun(Script(None))
        reading = asyncio.create_task(read(running.attach(answer_id, SCOPE)))
        await asyncio.sleep(0.01)
        if ending == "stopped":
            await running.stop(answer_id, SCOPE)
        elif ending == "shutting-down":
            await running.drain(0.01)
        assert [kind for _, kind in await reading][-2:] == ["error", "done"]
        *_, error, _ = [event async for event in running.attach(answer_id, SCOPE)]
        assert error.data["type"] == ending

    asyncio.run(scenario())


def test_draining_waits_for_what_ends_by_itself() -> None:
    async def scenario() -> None:
        running, answer_id = begun(Script())
        reading = asyncio.create_task(read(running.attach(answer_id, SCOPE)))
        await running.drain(5)
        assert await reading == WHOLE
        await running.drain(5)  # nothing runs any more

    asyncio.run(scenario())


def test_what_is_done_stays_done_though_its_end_is_cut() -> None:
    async def scenario() -> None:
        running, answer_id = begun(Script(last=lambda: asyncio.sleep(10)))
        reading = asyncio.create_task(read(running.attach(answer_id, SCOPE)))
        await asyncio.sleep(0.1)
        await running.drain(0)
        assert await reading == WHOLE

    asyncio.run(scenario())


def test_another_key_finds_nothing_and_memory_ends() -> None:
    async def scenario() -> None:
        running, answer_id = begun(Script(), keep_seconds=0.05)
        with pytest.raises(NotFound):
            running.attach(answer_id, Scope(uuid4(), "t", ("everyone",)))
        assert await read(running.attach(answer_id, SCOPE)) == WHOLE
        await running.stop(answer_id, SCOPE)  # has ended; stays as it is
        assert await read(running.attach(answer_id, SCOPE)) == WHOLE
        await asyncio.sleep(0.1)
        with pytest.raises(NotFound):
            running.attach(answer_id, SCOPE)

    asyncio.run(scenario())
