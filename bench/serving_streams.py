"""What many streams at once do to the first token, and what an event of a stream costs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from bench.serving_client import Client, Refused, Stream
from bench.serving_stack import Server
from bench.serving_upstream import Pace, Upstream

FIRST_SECONDS = 0.3
"""The model's own first token."""
WORDS_PER_SECOND = 10.0
QUESTIONS_PER_SECOND = 5.0
"""How many come in, however many streams run: only the length of the answers differs."""
WINDOW_SECONDS, LEAST_QUESTIONS = 8.0, 10
"""A window is longer where answers end too slowly for so many new questions."""
OPENED_PER_SECOND = 20.0
CPU_SECONDS = 2.0


@dataclass(frozen=True)
class FirstTokens:
    """Milliseconds of every question of one window: until the model had it, and from its first word to ours.

    Attributes:
        refused: How many were answered with an error instead.
    """

    before: list[float]
    after: list[float]
    refused: int


def percentiles(values: list[float]) -> tuple[float, float]:
    """Return p50 and p95."""
    median, slow = np.percentile(values, [50, 95])
    return float(median), float(slow)


async def first_tokens(
    client: Client, upstream: Upstream, streams: int, questions: Iterator[str], windows: int
) -> list[FirstTokens]:
    """Keep so many answers running, a new question as soon as one ends, and measure those of some windows."""
    words = round(streams / QUESTIONS_PER_SECOND * WORDS_PER_SECOND)
    upstream.set(Pace(FIRST_SECONDS, words, WORDS_PER_SECOND, varies=True))
    readers: list[asyncio.Task[None]] = []
    asked: list[Stream] = []

    async def read() -> None:
        while True:
            stream = await client.ask(next(questions))
            asked.append(stream)
            with suppress(Refused):
                await stream.ended

    for _ in range(streams):
        readers.append(asyncio.create_task(read()))
        await asyncio.sleep(1 / OPENED_PER_SECOND)
    bounds = [len(asked)]
    for _ in range(windows):
        await asyncio.sleep(WINDOW_SECONDS)
        await _until(lambda: len(asked) >= bounds[-1] + LEAST_QUESTIONS)
        bounds.append(len(asked))
    await _until_begun(asked[: bounds[-1]])
    for reader in readers:
        reader.cancel()
    _close(asked)
    return [_window(asked[start:end]) for start, end in itertools.pairwise(bounds)]


async def burst(client: Client, upstream: Upstream, streams: int, questions: Iterator[str]) -> FirstTokens:
    """Ask so many questions in the same moment."""
    upstream.set(Pace(FIRST_SECONDS, 20, WORDS_PER_SECOND))
    opened = await asyncio.gather(*(client.ask(next(questions)) for _ in range(streams)))
    await _until_begun(opened)
    found = _window(opened)
    _close(opened)
    return found


async def cpu_per_event(
    server: Server, streams: int, ask: Callable[[], Awaitable[Stream]], opened_per_second: float = OPENED_PER_SECOND
) -> float:
    """Return the processor time of one event, microseconds, while so many streams run and no question comes in."""
    await _until_idle(server)
    opened: list[Stream] = []
    for _ in range(streams):
        opened.append(await ask())
        await asyncio.sleep(1 / opened_per_second)
    await _until_begun(opened)
    await asyncio.sleep(0.3)
    events, seconds = sum(stream.events for stream in opened), server.cpu_seconds()
    await asyncio.sleep(CPU_SECONDS)
    taken, events = server.cpu_seconds() - seconds, sum(stream.events for stream in opened) - events
    _close(opened)
    return 1e6 * taken / events


async def _until_begun(streams: list[Stream]) -> None:
    await _until(lambda: all(stream.events or stream.ended.done() for stream in streams))


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.05)


async def _until_idle(server: Server) -> None:
    """Wait until what earlier answers left behind is done, such as their rows of the log."""
    async with asyncio.timeout(60):
        while True:
            seconds = server.cpu_seconds()
            await asyncio.sleep(0.5)
            if server.cpu_seconds() - seconds < 0.05:
                return


def _window(streams: list[Stream]) -> FirstTokens:
    begun = [stream for stream in streams if stream.clocks is not None]
    refused = len(streams) - len(begun)
    return FirstTokens([stream.before for stream in begun], [stream.after for stream in begun], refused)


def _close(streams: list[Stream]) -> None:
    for stream in streams:
        stream.close()
        if not stream.ended.cancelled():
            stream.ended.exception()  # has been counted
