"""Build the API: one engine per worker, made at start and closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline
from psycopg_pool import AsyncConnectionPool

from corpus import analysis
from corpus.database import conninfo
from serving.api import ask, documents, health, problems
from serving.engine import Engine
from serving.generators import load_generator
from serving.generators.extractive import ExtractiveGenerator
from serving.journal import Journal
from serving.metrics import MetricsMiddleware
from serving.models import ServingModel
from serving.settings import ServingSettings

log = structlog.get_logger(__name__)

DESCRIPTION = """\
Ask questions in Korean or English and get answers that cite their sources, from the documents your key may read.

Errors are problem documents (RFC 9457). Streams are server-sent events.
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the pool, load the model, and give both back at the end."""
    settings: ServingSettings = app.state.settings
    info = conninfo(settings, "regesta_serving", settings.serving_password, statement_seconds=10)
    pool = AsyncConnectionPool(
        info,
        min_size=1,
        max_size=settings.pool_size,
        timeout=settings.pool_timeout,
        open=False,
    )
    await pool.open(wait=False)  # an API that starts before its database becomes ready when that does
    embedding = ServingModel(pool, settings)
    await embedding.start()
    await asyncio.to_thread(analysis.lexemes, "준비 ready")  # load the morphological model before the first question
    journal = Journal(pool)
    journal.start()
    extractive = ExtractiveGenerator(lambda: embedding.embedder)
    generator = load_generator(settings, lambda: embedding.embedder)
    app.state.engine = Engine(
        pool, embedding, generator, extractive, journal, settings.source_limit, settings.retention_days
    )
    log.info("serving_ready", generator=generator.name)
    yield
    await embedding.stop()
    await journal.stop()
    await pool.close()


def create_app(settings: ServingSettings | None = None) -> FastAPI:
    """Return the ASGI application."""
    # Offline: the API page brings its scripts along instead of loading them from elsewhere.
    app = FastAPIOffline(title="Regesta", version="1", description=DESCRIPTION, lifespan=lifespan)
    app.state.settings = settings or ServingSettings()
    app.add_middleware(MetricsMiddleware)
    problems.install(app)
    app.add_route("/", lambda _: RedirectResponse("/docs"), include_in_schema=False)
    app.include_router(ask.router)
    app.include_router(documents.router)
    app.include_router(health.router)
    return app
