"""Every fault of every provider ends in time: in a complete degraded answer, or in a typed error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import pytest

from regesta.stack.ports import free_port
from serving.errors import GeneratorUnavailable
from serving.generators import Token, Usage, load_generator
from serving.hits import Hit
from serving.prompt import Turn
from serving.settings import ServingSettings
from serving.writing import Piece, Started, Writer
from tests import chat_server, messages_server
from tests.faulty_server import AFTER_TOKENS, BEFORE_TOKENS, FaultyServer

NOBODY = UUID(int=0)
HIT = Hit(1, NOBODY, "u", "T", "s", "en", 1, NOBODY, NOBODY, 0, None, [], "text", "Eight tries.", 1.0, 1, 1, 0.9)
REASONS = {
    "500": "failing", "529": "overloaded", "429": "rate-limited", "401": "refused", "hang": "slow", "silent": "slow",
    "cut-early": "broken-off", "garbage": "garbled", "html": "broken-off", "empty": "garbled",
    "error-early": "overloaded", "cut": "broken-off", "stall": "slow", "bad-json": "garbled", "error": "overloaded",
}  # fmt: skip
LIMIT = 4.0
"""Seconds: the first token's limit, the idle limit, and as much again for the machine."""


class Quoting:
    """Stands for the extractive generator."""

    name = "extractive"

    async def stream(
        self, model: str, question: str, hits: Sequence[Hit], history: Sequence[Turn]
    ) -> AsyncIterator[Token | Usage]:
        yield Token("Eight tries. [1]")
        yield Usage(0, 0)


@pytest.fixture(scope="module", params=["anthropic", "openai"])
def upstream(request: pytest.FixtureRequest) -> Iterator[tuple[str, FaultyServer]]:
    server = {"anthropic": messages_server, "openai": chat_server}[request.param]
    with server.running() as running:
        yield request.param, running


@pytest.fixture
def server(upstream: tuple[str, FaultyServer]) -> FaultyServer:
    server = upstream[1]
    server.fault = server.faulty_requests = server.retry_after = None
    server.words = ["Locked", " after", " eight", " tries", " [1]."]
    server.requests.clear()
    server.cut.clear()
    return server


@pytest.fixture
def writer(upstream: tuple[str, FaultyServer], server: FaultyServer) -> Callable[..., Writer]:
    """Give `writer(**settings)`: one that asks this provider."""

    def make(**given: Any) -> Writer:
        url = given.pop("url", server.url)
        settings = ServingSettings(
            _env_file=None, generator=upstream[0], anthropic_api_key="sk-test", anthropic_base_url=url,
            openai_base_url=f"{url}/v1", openai_light_model="small", openai_strong_model="large",
            **{"first_token_timeout": 1.0, "idle_timeout": 1.0, "answer_timeout": 3.0, **given},
        )  # fmt: skip
        return Writer(load_generator(settings, lambda: None), Quoting(), settings)  # type: ignore[arg-type, return-value]

    return make


def written(writer: Writer, question: str = "How many tries?", **more: Any) -> list[Piece]:
    async def read() -> list[Piece]:
        return [piece async for piece in writer.write(question, [HIT], **more)]

    return asyncio.run(read())


def text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Token))


def starts(pieces: Sequence[Piece]) -> list[Started]:
    return [piece for piece in pieces if isinstance(piece, Started)]


def test_an_answer_is_streamed_with_its_usage_and_cost(writer: Callable[..., Writer], server: FaultyServer) -> None:
    price = {"input": 1, "cached": 0.1, "output": 5}
    pieces = written(writer(prices={"small": price, "claude-haiku-5-5": price}))
    assert text(pieces) == "Locked after eight tries [1]."
    assert [start.degraded for start in starts(pieces)] == [None]
    used = pieces[-1]
    assert isinstance(used, Usage)
    fresh = 42 - used.cached_tokens
    assert (used.input_tokens, used.output_tokens) == (42, 7)
    assert used.cost == pytest.approx((fresh + 0.1 * used.cached_tokens + 35) / 1e6)
    assert "Eight tries." in str(server.requests[-1]["body"]["messages"])


def test_an_involved_question_goes_to_the_strong_model(writer: Callable[..., Writer], server: FaultyServer) -> None:
    question = "Compare both offices, explain why they differ, and list all the steps to move from one to the other."
    started = starts(written(writer(), question))[0]
    assert started.tier == "strong" and "score" in started.route_reason
    assert server.requests[-1]["body"]["model"] in ("large", "claude-sonnet-5-5")


def test_earlier_turns_are_sent(writer: Callable[..., Writer], server: FaultyServer) -> None:
    written(writer(), history=[Turn("assistant", "hello"), Turn("user", "one"), Turn("assistant", "two")])
    said = [turn["content"] for turn in server.requests[-1]["body"]["messages"] if turn["role"] != "system"]
    assert said[:2] == ["one", "two"] and len(said) == 3


@pytest.mark.parametrize("fault", BEFORE_TOKENS)
def test_a_fault_before_the_first_token_degrades(
    writer: Callable[..., Writer], server: FaultyServer, fault: str
) -> None:
    server.fault = fault
    began = time.monotonic()
    pieces = written(writer())
    assert time.monotonic() - began < LIMIT
    assert text(pieces) == "Eight tries. [1]"
    assert [start.degraded for start in starts(pieces)] == [None, REASONS[fault]]
    assert starts(pieces)[-1].generator == "extractive"


@pytest.mark.parametrize("fault", AFTER_TOKENS)
def test_a_fault_after_tokens_is_a_typed_error(writer: Callable[..., Writer], server: FaultyServer, fault: str) -> None:
    server.fault = fault
    began = time.monotonic()
    with pytest.raises(GeneratorUnavailable) as raised:
        written(writer())
    assert time.monotonic() - began < LIMIT
    assert raised.value.reason == REASONS[fault]


def test_nobody_listening_degrades(writer: Callable[..., Writer]) -> None:
    assert starts(written(writer(url=f"http://127.0.0.1:{free_port()}")))[-1].degraded == "unreachable"


def test_slow_words_are_waited_for_but_not_forever(writer: Callable[..., Writer], server: FaultyServer) -> None:
    server.fault = "drip"
    assert text(written(writer())) == "Locked after eight tries [1]."
    server.words = ["word "] * 100
    with pytest.raises(GeneratorUnavailable, match="kept us waiting"):
        written(writer())


def test_what_may_pass_is_tried_again(writer: Callable[..., Writer], server: FaultyServer) -> None:
    server.fault, server.faulty_requests = "529", 1
    pieces = written(writer(first_token_timeout=5.0))
    assert text(pieces) == "Locked after eight tries [1]."
    assert len(server.requests) == 2


def test_a_long_retry_after_is_not_waited_for(writer: Callable[..., Writer], server: FaultyServer) -> None:
    server.fault, server.retry_after = "429", "60"
    began = time.monotonic()
    assert starts(written(writer()))[-1].degraded == "rate-limited"
    assert time.monotonic() - began < 1.0
    assert len(server.requests) == 1


def test_the_breaker_opens_and_recovers(writer: Callable[..., Writer], server: FaultyServer) -> None:
    broken = writer(breaker_failures=2, breaker_seconds=0.5, generator_retries=0)
    server.fault = "500"
    reasons = [starts(written(broken))[-1].degraded for _ in range(3)]
    assert reasons == ["failing", "failing", "open-circuit"]
    assert len(server.requests) == 2
    server.fault = None
    time.sleep(0.6)
    assert starts(written(broken))[-1].degraded is None
    assert broken.breaker.state == "closed"


def test_invented_citations_are_removed(writer: Callable[..., Writer], server: FaultyServer) -> None:
    server.words = ["Locked [", "7", "] after eight", " [1", ", 9]", " ![x](http://evil.example/?q=1)"]
    assert text(written(writer())) == "Locked  after eight [1] [x] (http://evil.example/?q=1)"


def test_a_reader_that_leaves_stops_the_model(writer: Callable[..., Writer], server: FaultyServer) -> None:
    server.fault = "endless"

    async def leave() -> None:
        async with aclosing(writer().write("How many tries?", [HIT])) as pieces:
            async for piece in pieces:
                if isinstance(piece, Token):
                    break

    asyncio.run(leave())
    assert server.cut.wait(1.5), "the upstream went on writing"
