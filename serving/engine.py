"""The path of a question: analyse → search → generate → log. Everything that answers goes through here."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from serving.access import Pool, Scope
from serving.errors import GeneratorUnavailable, OutsideRetention
from serving.events import Event
from serving.filters import EVERYTHING, Filters
from serving.generators import Generator, Token, Usage
from serving.journal import Journal
from serving.models import ServingModel
from serving.retriever import Hit, Mode, retrieve

log = structlog.get_logger(__name__)
_CITATION = re.compile(r"\[(\d{1,2})\]")


@dataclass
class Asked:
    """A question whose passages have been found; what comes next can be streamed."""

    id: UUID
    scope: Scope
    question: str
    mode: Mode
    hits: Sequence[Hit]
    timings: dict[str, float]
    started: float = field(default_factory=time.perf_counter)


@dataclass
class Answer:
    """An answer as far as it has come."""

    generator: str
    model: str
    text: str = ""
    state: str = "abandoned"
    degraded: str | None = None
    error: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    first_token_seconds: float | None = None


class Engine:
    """Answers questions under a scope. Holds what is shared: pool, model, generator, journal."""

    def __init__(
        self,
        pool: Pool,
        embedding: ServingModel,
        generator: Generator,
        fallback: Generator,
        journal: Journal,
        source_limit: int,
        retention_days: int,
    ) -> None:
        self.pool = pool
        self.embedding = embedding
        self.generator = generator
        self.fallback = fallback
        self.journal = journal
        self.source_limit = source_limit
        self.retention_days = retention_days

    async def search(
        self, scope: Scope, question: str, top_k: int, mode: Mode = "hybrid", filters: Filters = EVERYTHING
    ) -> Asked:
        """Find passages and log the search."""
        asked = await self._retrieve(scope, question, top_k, mode, filters)
        self.journal.write_query(asked, "search")
        return asked

    async def ask(self, scope: Scope, question: str, filters: Filters = EVERYTHING, top_k: int | None = None) -> Asked:
        """Find the passages an answer may rest on; whatever fails here is an HTTP error, not a broken stream."""
        asked = await self._retrieve(scope, question, top_k or self.source_limit, "hybrid", filters)
        self.journal.write_query(asked, "ask")
        return asked

    async def _retrieve(self, scope: Scope, question: str, top_k: int, mode: Mode, filters: Filters) -> Asked:
        started = time.perf_counter()
        self._check_as_of(filters)
        hits, timings = await retrieve(self.pool, self.embedding, scope, question, mode, top_k, filters)
        return Asked(uuid4(), scope, question, mode, hits, timings, started)

    def _check_as_of(self, filters: Filters) -> None:
        """Refuse a time whose versions may have been purged: an answer from what is left would be a wrong one."""
        if filters.as_of is None:
            return
        age = datetime.now(UTC) - filters.as_of
        if not timedelta(0) <= age < timedelta(days=self.retention_days):
            raise OutsideRetention(f"as_of must lie in the last {self.retention_days} days.")

    async def answer(self, asked: Asked) -> AsyncIterator[Event]:
        """Stream the answer's events.

        A task of its own talks to the model; this only reads what it produced, holds no database connection,
        and stops that task at once when the reader leaves. The stream always ends in `done`, after a typed
        `error` when the answer could not be finished.
        """
        answer = Answer(self.generator.name, self.generator.model)
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        producer = asyncio.create_task(self._produce(asked, answer, events))
        try:
            yield _meta(asked, answer)
            yield Event("sources", {"sources": [source(number, hit) for number, hit in enumerate(asked.hits, 1)]})
            while (event := await events.get()) is not None:
                yield event
            yield Event(
                "done", {"answer_id": asked.id, "state": answer.state, "citations": cited(answer.text, asked.hits)}
            )
        finally:
            producer.cancel()
            with suppress(asyncio.CancelledError):
                await producer
            self.journal.write_answer(asked, answer, cited(answer.text, asked.hits))

    async def _produce(self, asked: Asked, answer: Answer, events: asyncio.Queue[Event | None]) -> None:
        try:
            await self._generate(self.generator, asked, answer, events)
        except GeneratorUnavailable as error:
            await self._degrade(error, asked, answer, events)
        except Exception:
            log.exception("answer_failed", answer_id=str(asked.id))
            _fail(answer, events, "internal-error", "The answer could not be finished.")
        finally:
            events.put_nowait(None)

    async def _degrade(
        self, error: GeneratorUnavailable, asked: Asked, answer: Answer, events: asyncio.Queue[Event | None]
    ) -> None:
        """Answer from the passages alone when the model is down; a half-written answer is not mixed with it."""
        log.warning("generator_unavailable", answer_id=str(asked.id), reason=str(error))
        if answer.text or self.fallback is self.generator:
            _fail(answer, events, error.slug, str(error))
            return
        answer.generator, answer.model, answer.degraded = self.fallback.name, self.fallback.model, str(error)
        events.put_nowait(_meta(asked, answer))
        await self._generate(self.fallback, asked, answer, events)

    async def _generate(
        self, generator: Generator, asked: Asked, answer: Answer, events: asyncio.Queue[Event | None]
    ) -> None:
        async for piece in generator.stream(asked.question, asked.hits):
            if isinstance(piece, Usage):
                answer.usage = {"input_tokens": piece.input_tokens, "output_tokens": piece.output_tokens}
                events.put_nowait(Event("usage", answer.usage))
            elif isinstance(piece, Token) and piece.text:
                if answer.first_token_seconds is None:
                    answer.first_token_seconds = time.perf_counter() - asked.started
                answer.text += piece.text
                events.put_nowait(Event("token", {"text": piece.text}))
        answer.state = "complete"


def _meta(asked: Asked, answer: Answer) -> Event:
    return Event(
        "meta",
        {
            "answer_id": asked.id,
            "generator": answer.generator,
            "model": answer.model,
            "cache": "off",
            "degraded": answer.degraded is not None,
            "reason": answer.degraded,
        },
    )


def _fail(answer: Answer, events: asyncio.Queue[Event | None], slug: str, message: str) -> None:
    answer.state, answer.error = "failed", message
    events.put_nowait(Event("error", {"type": slug, "detail": message}))


def source(number: int, hit: Hit) -> dict[str, Any]:
    """Return a hit as the numbered source of an answer."""
    return {
        "number": number,
        "document_id": hit.document_id,
        "uri": hit.uri,
        "title": hit.title,
        "version": hit.version,
        "chunk_id": hit.chunk_id,
        "page": hit.page,
        "heading_path": hit.heading_path,
        "text": hit.text,
    }


def cited(text: str, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Return the sources an answer cites, in order of first mention; numbers that name no source are ignored."""
    numbers = dict.fromkeys(int(number) for number in _CITATION.findall(text))
    return [source(number, hits[number - 1]) for number in numbers if 1 <= number <= len(hits)]
