"""A tenant with documents, and a reader whose questions go through the caches as the engine sends them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from corpus.database import conninfo
from ingestion.workbench import Workbench
from serving.access import Pool, Scope
from serving.caching.answers import AnswerCache
from serving.caching.decisions import CachedAnswer, Decision
from serving.caching.room import Room
from serving.connections import ConnectionPool
from serving.generators import Token
from serving.generators.extractive import ExtractiveGenerator
from serving.hits import Hit, Query
from serving.models import ServingModel
from serving.retriever import Retriever
from serving.settings import ServingSettings
from tests.integration.ingestion.conftest import Folder


@dataclass
class Reader:
    """Asks as the engine does: search, look up, write if need be, store."""

    pool: Pool
    embedding: ServingModel
    cache: AnswerCache
    scope: Scope
    settings: ServingSettings
    top_k: int = 6

    def as_(self, *groups: str) -> Reader:
        """Return the same tenant's reader with other groups."""
        scope = Scope(self.scope.api_key_id, self.scope.tenant_id, groups)
        return Reader(self.pool, self.embedding, self.cache, scope, self.settings)

    async def find(self, question: str) -> tuple[Query, Sequence[Hit]]:
        retriever = Retriever(self.pool, self.embedding, self.settings)
        found = await retriever.retrieve(self.scope, question, "hybrid", self.top_k)
        return found.query, found.hits

    async def lookup(self, question: str) -> Decision:
        query, hits = await self.find(question)
        return await self.cache.lookup(self.scope, query, hits, question)

    async def ask(self, question: str, text: str | None = None, ttl: int | None = None) -> tuple[Decision, UUID, str]:
        """Return the decision, the answer's id and the text; what was written is stored."""
        query, hits = await self.find(question)
        decision = await self.cache.lookup(self.scope, query, hits, question)
        if decision.answer is not None:
            return decision, decision.answer.answer_id, decision.answer.text
        if text is None:
            generator = ExtractiveGenerator(lambda: self.embedding.embedder)
            pieces = [piece async for piece in generator.stream(generator.name, question, hits)]
            text = "".join(piece.text for piece in pieces if isinstance(piece, Token))
        answer = CachedAnswer(uuid4(), text, generator="extractive", model="extractive")
        await self.cache.store(self.scope, query, question, hits, answer, ttl)
        return decision, answer.answer_id, text


@pytest.fixture
def new_folder(bench: Workbench, source_bucket: str) -> Callable[..., Folder]:
    """Give `new_folder(tenant, **policy)`: a source with a fresh name."""
    return lambda tenant="", **policy: Folder(bench, source_bucket, f"s{uuid4().hex[:12]}", tenant, **policy)


@pytest.fixture
def folder(new_folder: Callable[..., Folder]) -> Folder:
    """A source in a tenant of its own."""
    return new_folder()


@pytest.fixture
def reading(settings: Callable[..., Any]) -> Callable[..., Any]:
    """Give `async with reading(tenant, **room)`: a reader of that tenant in the group everyone."""

    @asynccontextmanager
    async def read(tenant: str, groups: tuple[str, ...] = ("everyone",), **room: int) -> AsyncIterator[Reader]:
        known = settings(ServingSettings)
        info = conninfo(known, "regesta_serving", known.serving_password)
        async with ConnectionPool(info, min_size=1, max_size=4, open=False) as pool:
            embedding = ServingModel(pool, known)
            await embedding.refresh()
            cache = AnswerCache(pool, embedding, Room(**room))
            yield Reader(pool, embedding, cache, Scope(uuid4(), tenant, groups), known)

    return read
