"""An answer's events: their order, what they say, and how they end whatever the writer does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from serving.access import Scope
from serving.answering import write
from serving.caching.decisions import CachedAnswer, Decision
from serving.errors import GeneratorUnavailable
from serving.events import Event
from serving.filters import EVERYTHING
from serving.generators import Token, Usage
from serving.hits import Hit, Query
from serving.questions import Answer, Asked
from serving.writing import Piece, Started, Writer

NOBODY = UUID(int=0)
HIT = Hit(1, NOBODY, "u1", "T", "s", "en", 1, NOBODY, NOBODY, 0, None, [], "text", "body", 0.0, 1, 1, 0.9)
STARTED = Started("anthropic", "haiku", "light", "short")
WHOLE: Sequence[Piece] = [STARTED, Token("Eight"), Token(" [1]."), Usage(42, 7, cost=0.5, removed_citations=2)]


class Script:
    """A writer that yields pieces and raises errors as they come."""

    def __init__(self, pieces: Sequence[Piece | Exception]) -> None:
        self.pieces = pieces

    async def write(self, *_: Any) -> AsyncIterator[Piece]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def written(pieces: Sequence[Piece | Exception], cache: Decision | None = None) -> tuple[list[Event], Answer]:
    """Return the events of an answer and what is kept of it."""
    asked = Asked(
        Scope(NOBODY, "t", ()), "q", "q", "hybrid", EVERYTHING, Query("q"), [HIT], [], {}, time.perf_counter()
    )
    asked.cache = cache or Decision("miss", "nothing near")
    answer = Answer()

    async def collect() -> list[Event]:
        return [event async for event in write(asked, answer, cast(Writer, Script(pieces)))]

    return asyncio.run(collect()), answer


def kinds(events: Sequence[Event]) -> list[str]:
    return [event.kind for event in events]


def test_a_whole_answer_is_meta_sources_tokens_usage_done() -> None:
    events, answer = written(WHOLE)
    assert kinds(events) == ["meta", "sources", "token", "token", "usage", "done"]
    meta, sources, *_, usage, done = (event.data for event in events)
    assert (meta["generator"], meta["model"], meta["tier"], meta["cache"]) == ("anthropic", "haiku", "light", "miss")
    assert (meta["degraded"], meta["reason"]) == (False, None)
    assert [one["uri"] for one in sources["sources"]] == ["u1"]
    assert usage == {"input_tokens": 42, "output_tokens": 7, "cached_tokens": 0, "cost": 0.5}
    assert (done["state"], [one["number"] for one in done["citations"]]) == ("complete", [1])
    assert (answer.text, answer.state, answer.removed_citations) == ("Eight [1].", "complete", 2)
    assert answer.first_token_seconds is not None


def test_a_second_meta_names_who_writes_instead_and_sources_come_once() -> None:
    instead = Started("extractive", "extractive", "none", "short", "overloaded")
    events, answer = written([STARTED, instead, Token("Eight [1]."), Usage(0, 0)])
    assert kinds(events) == ["meta", "sources", "meta", "token", "usage", "done"]
    assert (events[2].data["degraded"], events[2].data["reason"]) == (True, "overloaded")
    assert (answer.generator, answer.degraded, answer.state) == ("extractive", "overloaded", "complete")


def test_a_model_that_breaks_off_is_named_and_its_half_is_no_answer() -> None:
    events, answer = written([STARTED, Token("Eight"), GeneratorUnavailable("haiku broke off.", "broken-off")])
    assert kinds(events) == ["meta", "sources", "token", "error", "done"]
    assert events[-2].data == {
        "type": "generator-unavailable", "detail": "haiku broke off.", "reason": "broken-off"
    }  # fmt: skip
    assert events[-1].data["state"] == answer.state == "failed"
    assert answer.text == "Eight"


@pytest.mark.parametrize("before", [[], [STARTED], [STARTED, Token("Eight")]])
def test_a_fault_of_ours_tells_nothing_of_itself(before: list[Piece]) -> None:
    events, answer = written([*before, ZeroDivisionError("a secret")])
    assert kinds(events)[-2:] == ["error", "done"]
    assert events[-2].data == {"type": "internal-error", "detail": "The answer could not be finished."}
    assert answer.state == "failed"


def test_a_hit_is_replayed_without_a_model_and_cites_what_was_found_now() -> None:
    known = CachedAnswer(uuid4(), "Eight [1].", generator="anthropic", model="haiku")
    events, answer = written([AssertionError("the model was asked")], Decision("hit", "same form", 1.0, answer=known))
    assert kinds(events) == ["meta", "sources", "token", "usage", "done"]
    assert (events[0].data["cache"], events[0].data["model"]) == ("hit", "haiku")
    assert events[3].data == {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "cost": 0.0}
    assert [one["uri"] for one in events[-1].data["citations"]] == ["u1"]
    assert (answer.text, answer.state) == ("Eight [1].", "complete")
