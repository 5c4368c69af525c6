"""Write one answer as events: from the cache, by a model, or by quotation when the model is down."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from serving.citations import cited, source
from serving.errors import GeneratorUnavailable, ServingError
from serving.events import Event
from serving.generators import Token, Usage
from serving.questions import Answer, Asked
from serving.writing import Piece, Started, Writer

log = structlog.get_logger(__name__)


async def write(asked: Asked, answer: Answer, writer: Writer) -> AsyncGenerator[Event, None]:
    """Yield an answer's events and fill in `answer` beside; always ends in `done`.

    An answer that broke off ends in a typed `error` before its `done`: half of one model's text is never mixed with
    another's.
    """
    try:
        pieces = _cached(asked, answer) if asked.cache.state == "hit" else _written(asked, answer, writer)
        async with aclosing(pieces):
            async for event in pieces:
                yield event
        answer.state = "complete"
    except GeneratorUnavailable as error:
        answer.state, answer.error = "failed", str(error)
        yield Event("error", {"type": error.slug, "detail": str(error), "reason": error.reason})
    except Exception:
        log.exception("answer_failed", answer_id=str(asked.id))
        answer.state, answer.error = "failed", "The answer could not be finished."
        yield Event("error", {"type": ServingError.slug, "detail": answer.error})
    citations = cited(answer.text, asked.hits)
    yield Event("done", {"answer_id": asked.id, "state": answer.state, "citations": citations})


async def _cached(asked: Asked, answer: Answer) -> AsyncGenerator[Event, None]:
    """Replay an answer given before; its citations lead to what was found for this question, now."""
    known = asked.cache.answer
    assert known is not None
    answer.generator, answer.model, answer.route_reason = known.generator, known.model, "answered from the cache"
    yield _meta(asked, answer)
    yield _sources(asked)
    answer.add(known.text, asked)
    yield Event("token", {"text": known.text})
    yield _usage(answer, Usage(0, 0, cost=0.0))


async def _written(asked: Asked, answer: Answer, writer: Writer) -> AsyncGenerator[Event, None]:
    started = False
    async with aclosing(writer.write(asked.question, asked.hits, asked.history)) as pieces:
        async for piece in pieces:
            yield _event(piece, asked, answer)
            if isinstance(piece, Started) and not started:
                started = True
                yield _sources(asked)


def _event(piece: Piece, asked: Asked, answer: Answer) -> Event:
    if isinstance(piece, Token):
        answer.add(piece.text, asked)
        return Event("token", {"text": piece.text})
    if isinstance(piece, Usage):
        return _usage(answer, piece)
    answer.generator, answer.model, answer.tier = piece.generator, piece.model, piece.tier
    answer.route_reason, answer.degraded = piece.route_reason, piece.degraded
    return _meta(asked, answer)


def _meta(asked: Asked, answer: Answer) -> Event:
    return Event(
        "meta",
        {
            "answer_id": asked.id,
            "generator": answer.generator,
            "model": answer.model,
            "tier": answer.tier,
            "cache": asked.cache.state,
            "cache_reason": asked.cache.reason,
            "degraded": answer.degraded is not None,
            "reason": answer.degraded,
        },
    )


def _sources(asked: Asked) -> Event:
    return Event("sources", {"sources": [source(number, hit) for number, hit in enumerate(asked.hits, 1)]})


def _usage(answer: Answer, used: Usage) -> Event:
    answer.usage = {
        "input_tokens": used.input_tokens, "output_tokens": used.output_tokens, "cached_tokens": used.cached_tokens
    }  # fmt: skip
    answer.cost, answer.removed_citations = used.cost, used.removed_citations
    return Event("usage", {**answer.usage, "cost": used.cost})
