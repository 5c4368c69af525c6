"""Hybrid search: one statement, full text and vectors, under the caller's scope."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from pgvector import HalfVector
from psycopg.rows import class_row

from corpus import analysis
from corpus.embedding import Embedder
from serving.access import Pool, Scope, scoped
from sql import queries

Mode = Literal["hybrid", "text", "vector"]


@dataclass(frozen=True)
class Filters:
    """What a search is narrowed to; None leaves a field open, an empty list matches nothing."""

    sources: list[str] | None = None
    languages: list[str] | None = None
    document_ids: list[UUID] | None = None
    kinds: list[str] | None = None


EVERYTHING = Filters()


@dataclass(frozen=True)
class Hit:
    """A passage that was found; `text_rank` and `vector_rank` say which arm found it."""

    rank: int
    document_id: UUID
    uri: str
    title: str
    source: str
    language: str
    version: int
    version_id: UUID
    chunk_id: UUID
    position: int
    page: int | None
    heading_path: list[str]
    kind: str
    text: str
    score: float
    text_rank: int | None
    vector_rank: int | None
    similarity: float | None


@dataclass(frozen=True)
class Query:
    """A question in the two forms the arms need; `vector` is a `halfvec` literal."""

    text: str
    lexemes: list[str] = field(default_factory=list)
    vector: str | None = None


async def analyse(embedder: Embedder, text: str, mode: Mode) -> Query:
    """Prepare a question for the arms of `mode`; runs the model beside the event loop."""
    words = analysis.lexemes if mode != "vector" else lambda _: []
    lexemes = await asyncio.to_thread(words, text)
    if mode == "text":
        return Query(text, lexemes)
    row = (await asyncio.to_thread(embedder.embed, [text], "query"))[0]
    return Query(text, lexemes, HalfVector(row).to_text())


async def search(pool: Pool, scope: Scope, query: Query, top_k: int, filters: Filters = EVERYTHING) -> Sequence[Hit]:
    """Return the best passages the scope may see, best first."""
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=class_row(Hit)) as cursor:
        await cursor.execute(
            queries("serving")["search"],
            {
                "lexemes": query.lexemes,
                "vector": query.vector,
                "top_k": top_k,
                "sources": filters.sources,
                "languages": filters.languages,
                "document_ids": filters.document_ids,
                "kinds": filters.kinds,
            },
        )
        return await cursor.fetchall()
