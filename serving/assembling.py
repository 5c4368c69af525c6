"""Make an engine from settings and give everything back at the end: for the API, and for whoever asks in bulk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from corpus import analysis
from corpus.database import conninfo
from corpus.masking import masked
from serving.access import Pool
from serving.caching.caches import make_caches
from serving.caching.guard import compare
from serving.caching.results import ResultCache
from serving.connections import ConnectionPool
from serving.embedding import QuestionEmbedder
from serving.engine import Engine
from serving.generators import load_generator
from serving.generators.extractive import ExtractiveGenerator
from serving.journal import Journal
from serving.models import ServingModel
from serving.replica import open_replica
from serving.rerankers import load_reranker
from serving.retriever import Retriever
from serving.settings import ServingSettings
from serving.writing import Writer

DRAIN_SECONDS = 2.0
"""How long answers may go on once the server is to stop; the rest end in a typed error."""


@asynccontextmanager
async def open_pool(settings: ServingSettings) -> AsyncIterator[Pool]:
    """Open a pool of connections as `regesta_serving`; who needs one waits until the database answers."""
    pool = ConnectionPool(
        conninfo(settings, "regesta_serving", settings.serving_password, statement_seconds=10),
        min_size=1,
        max_size=settings.pool_size,
        timeout=settings.pool_timeout,
        # Soon given up, and tried anew by whoever asks next: psycopg's own pauses grow to minutes, during which a
        # database that is back is not seen.
        reconnect_timeout=1.0,
        open=False,
    )
    await pool.open(wait=False)  # an API that starts before its database becomes ready when that does
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def open_engine(settings: ServingSettings) -> AsyncIterator[Engine]:
    """Open the pools, load the models and start the journal; a clean end writes what the journal still holds."""
    async with open_pool(settings) as pool, open_replica(settings) as replica:
        model = ServingModel(pool, settings)
        await model.start()
        # What loads at first use is loaded before the first question.
        await asyncio.to_thread(analysis.lexemes, "준비 ready")
        await asyncio.to_thread(analysis.sentences, "준비되었습니다. Ready.")
        await asyncio.to_thread(compare, "준비 ready", "ready")
        await asyncio.to_thread(masked, "ready@example.com 010-1234-5678")
        extractive = ExtractiveGenerator(lambda: model.embedder)
        writer = Writer(load_generator(settings, lambda: model.embedder), extractive, settings)
        caches = make_caches(pool, model, settings, writer.generator_name)
        results = ResultCache(caches.retrievals)
        questions = QuestionEmbedder(model, caches.embeddings)
        questions.start()
        reranker = await asyncio.to_thread(load_reranker, settings)
        journal = Journal(pool)
        journal.start()
        engine = Engine(
            pool=pool,
            embedding=model,
            retriever=Retriever(pool, model, settings, reranker, questions.embed, results, replica),
            cache=caches.answers,
            writer=writer,
            journal=journal,
            source_limit=settings.source_limit,
            retention_days=settings.retention_days,
            replica=replica,
        )
        try:
            yield engine
        finally:
            await engine.streams.drain(DRAIN_SECONDS)
            await asyncio.gather(engine.keeper.stop(), questions.stop(), results.stop())
            await model.stop()
            await journal.stop()
