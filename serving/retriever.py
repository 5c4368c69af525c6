"""Hybrid search: one statement, full text and vectors, under the caller's scope."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import psycopg
from pgvector import HalfVector
from psycopg.rows import class_row

from corpus import analysis
from serving.access import Pool, Scope, scoped
from serving.errors import ModelUnavailable
from serving.filters import EVERYTHING, Filters
from serving.models import ServingModel
from sql import queries

Mode = Literal["hybrid", "text", "vector"]
ATTEMPTS = 3
_MODEL_NOT_SERVING = "RG001"  # raised by corpus.search_chunks


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
    """A question in the two forms the arms need; `vector` is a `halfvec` literal, made by the model `model_id`."""

    text: str
    lexemes: list[str] = field(default_factory=list)
    vector: str | None = None
    model_id: int | None = None


class ModelSwitched(ModelUnavailable):
    """The question was embedded with a model that no longer serves."""


async def retrieve(
    pool: Pool,
    embedding: ServingModel,
    scope: Scope,
    text: str,
    mode: Mode,
    top_k: int,
    filters: Filters = EVERYTHING,
) -> tuple[Sequence[Hit], dict[str, float]]:
    """Return the best passages for a question, and the seconds each part took.

    A question that was embedded just before another model took over is embedded again with that one.
    """
    for attempt in range(1, ATTEMPTS + 1):
        started = time.perf_counter()
        query = await analyse(embedding, text, mode)
        analysed = time.perf_counter()
        try:
            hits = await search(pool, scope, query, top_k, filters)
        except ModelSwitched:
            if attempt == ATTEMPTS:
                raise
            await embedding.refresh()
        else:
            break
    return hits, {"analyse": analysed - started, "search": time.perf_counter() - analysed}


async def analyse(embedding: ServingModel, text: str, mode: Mode) -> Query:
    """Prepare a question for the arms of `mode`; runs the model beside the event loop."""
    words = analysis.lexemes if mode != "vector" else lambda _: []
    lexemes = await asyncio.to_thread(words, text)
    if mode == "text":
        return Query(text, lexemes)
    model_id, embedder = await embedding.current()
    row = (await asyncio.to_thread(embedder.embed, [text], "query"))[0]
    return Query(text, lexemes, HalfVector(row).to_text(), model_id)


async def search(pool: Pool, scope: Scope, query: Query, top_k: int, filters: Filters = EVERYTHING) -> Sequence[Hit]:
    """Return the best passages the scope may see, best first.

    Raises:
        ModelSwitched: Another model than the one that embedded the question serves now.
    """
    given = {
        "lexemes": query.lexemes,
        "vector": query.vector,
        "model_id": query.model_id,
        "top_k": top_k,
        **filters.parameters(),
    }
    try:
        async with scoped(pool, scope) as connection, connection.cursor(row_factory=class_row(Hit)) as cursor:
            await cursor.execute(queries("serving")["search"], given)
            return await cursor.fetchall()
    except psycopg.Error as error:
        if error.sqlstate == _MODEL_NOT_SERVING:
            raise ModelSwitched("The embedding model was switched while the question was asked. Ask again.") from error
        raise
