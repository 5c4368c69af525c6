"""From passages to an answer: choose a model, ask it unless it keeps failing, fall back to quoting."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from serving.breaker import Breaker
from serving.citations import CitationFilter
from serving.errors import GeneratorUnavailable, Reason
from serving.generators import Generator, Token, Usage
from serving.hits import Hit
from serving.metrics import ANSWERS, BREAKER, COST, REMOVED_CITATIONS, TOKENS
from serving.prompt import Turn
from serving.routing import Route, Tier, route
from serving.settings import Price, ServingSettings

log = structlog.get_logger(__name__)
_LEVEL = {"closed": 0, "half-open": 1, "open": 2}


@dataclass(frozen=True)
class Started:
    """Who writes from here on; a second one follows when the model failed before its first token.

    Attributes:
        tier: `light` or `strong`; `none` when no language model writes.
        route_reason: Why this tier, in words for the log.
        degraded: Why the model asked for does not write; None when it does.
    """

    generator: str
    model: str
    tier: str
    route_reason: str
    degraded: Reason | None = None


Piece = Started | Token | Usage


class Writer:
    """Writes answers; holds no database.

    Attributes:
        generator_name: Who is asked first.
        breaker: Of that provider.
    """

    def __init__(self, generator: Generator, fallback: Generator, settings: ServingSettings) -> None:
        self.breaker = Breaker(settings.breaker_failures, settings.breaker_seconds)
        self.generator_name = generator.name
        self._generator = generator
        self._fallback = fallback
        self._models: Mapping[Tier, str] | None = settings.models_of(generator.name)
        self._threshold = settings.route_threshold
        self._prices = settings.prices

    async def write(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = ()
    ) -> AsyncGenerator[Piece, None]:
        """Yield who writes, then the text with checked citations, then what it took.

        Raises:
            GeneratorUnavailable: The model failed after its first token: what was sent is no answer.
        """
        if self._models is None:
            pieces = self._pieces(Started(self._generator.name, self._generator.name, "none", "no model is set"),
                                  self._generator, question, hits, history)  # fmt: skip
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
            return
        chosen = route(question, hits, history, self._threshold)
        sent = False
        try:
            async with aclosing(self._asked(chosen, question, hits, history)) as pieces:
                async for piece in pieces:
                    sent = sent or isinstance(piece, Token)
                    yield piece
        except GeneratorUnavailable as error:
            log.warning("generator_unavailable", reason=error.reason, detail=str(error), begun=sent)
            if sent:
                raise
            name = self._fallback.name
            instead = Started(name, name, "none", chosen.reason, error.reason)
            async with aclosing(self._pieces(instead, self._fallback, question, hits, history)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _asked(
        self, chosen: Route, question: str, hits: Sequence[Hit], history: Sequence[Turn]
    ) -> AsyncGenerator[Piece, None]:
        """Ask the model through the circuit breaker, which counts the answer by how it ends."""
        assert self._models is not None
        started = Started(self._generator.name, self._models[chosen.tier], chosen.tier, chosen.reason)
        admission = self.breaker.enter()
        if admission is None:
            raise GeneratorUnavailable("The model failed too often and is left alone for a while.", "open-circuit")
        try:
            async with aclosing(self._pieces(started, self._generator, question, hits, history)) as pieces:
                async for piece in pieces:
                    yield piece
            self.breaker.succeeded(admission)
        except GeneratorUnavailable as error:
            # A request that is refused says nothing about the next one.
            (self.breaker.left if error.reason == "refused" else self.breaker.failed)(admission)
            raise
        finally:
            self.breaker.left(admission)
            BREAKER.labels(self._generator.name).set(_LEVEL[self.breaker.state])

    async def _pieces(
        self, started: Started, generator: Generator, question: str, hits: Sequence[Hit], history: Sequence[Turn]
    ) -> AsyncGenerator[Piece, None]:
        """Yield one generator's answer, its citations checked, its cost added, its metrics counted."""
        yield started
        checked = CitationFilter(len(hits))
        used = Usage(0, 0)
        async for piece in generator.stream(started.model, question, hits, history):
            if isinstance(piece, Usage):
                used = replace(piece, cost=cost(piece, self._prices.get(started.model)))
            elif text := checked.feed(piece.text):
                yield Token(text)
        if text := checked.end():
            yield Token(text)
        _count(started, used, checked.removed)
        yield replace(used, removed_citations=checked.removed)


def cost(used: Usage, price: Price | None) -> float | None:
    """Return what the tokens cost at a price per million of them, or None when there is no price."""
    if price is None:
        return None
    fresh = used.input_tokens - used.cached_tokens
    return (fresh * price.input + used.cached_tokens * price.cached + used.output_tokens * price.output) / 1e6


def _count(started: Started, used: Usage, removed: int) -> None:
    ANSWERS.labels(started.generator, started.tier, started.degraded or "no").inc()
    REMOVED_CITATIONS.labels(started.generator).inc(removed)
    kinds = {
        "input": used.input_tokens - used.cached_tokens,
        "cached": used.cached_tokens,
        "output": used.output_tokens,
    }
    for kind, tokens in kinds.items():
        TOKENS.labels(started.model, kind).inc(tokens)
    COST.labels(started.model).inc(used.cost or 0)
