"""Build the API: one engine per worker, made at start and closed at the end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline
from sse_starlette.sse import AppStatus

from serving.api import ask, batches, chat, documents, feedback, health, lineage, problems, quarantine, uploads
from serving.api.edges import BodyLimitMiddleware, CutOffMiddleware, RateHeadersMiddleware
from serving.assembling import DRAIN_SECONDS, open_engine
from serving.engine import Engine
from serving.limits import Limiter
from serving.metrics import MetricsMiddleware
from serving.settings import ServingSettings
from serving.uploads import LandingDoor

log = structlog.get_logger(__name__)

DESCRIPTION = """\
Ask questions in Korean or English and get answers that cite their sources, from the documents your key may read.

Errors are problem documents (RFC 9457). Streams are server-sent events.
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold an engine for as long as the API runs."""
    settings: ServingSettings = app.state.settings
    async with open_engine(settings) as engine:
        app.state.engine = engine
        app.state.landing_door = LandingDoor(settings)
        app.state.answer_cache = engine.keeper if settings.answer_cache else None
        app.state.limits = Limiter(engine.pool)
        leaving = asyncio.create_task(_drain_when_leaving(engine))
        log.info("serving_ready", generator=engine.writer.generator_name)
        with _loaded_objects_frozen():
            yield
        leaving.cancel()
        await app.state.limits.close()


@contextmanager
def _loaded_objects_frozen() -> Iterator[None]:
    """Spare the garbage collector what was loaded and stays: a look through it stops everything for a quarter second.

    Whoever ends the API and lives on, as a test does, gets back the collector that looks at everything.
    """
    gc.collect()  # what is garbage already would be kept for good
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _drain_when_leaving(engine: Engine) -> None:
    """End running answers as soon as the server is told to stop: it waits for them before anything else ends."""
    while not AppStatus.should_exit:
        await asyncio.sleep(0.2)
    await engine.streams.drain(DRAIN_SECONDS)


def create_app(settings: ServingSettings | None = None) -> FastAPI:
    """Return the ASGI application."""
    # Offline: the API page brings its scripts along instead of loading them from elsewhere.
    app = FastAPIOffline(title="Regesta", version="1", description=DESCRIPTION, lifespan=lifespan)
    app.state.settings = settings or ServingSettings()
    app.add_middleware(BodyLimitMiddleware, byte_limit=app.state.settings.request_max_bytes)
    app.add_middleware(RateHeadersMiddleware)
    app.add_middleware(MetricsMiddleware)
    app.add_middleware(CutOffMiddleware)  # outermost: nothing wraps what it is given
    problems.install(app)
    app.add_route("/", lambda _: RedirectResponse("/docs"), include_in_schema=False)
    app.include_router(ask.router)
    for part in (chat, documents, uploads, quarantine, feedback, lineage, batches):
        app.include_router(part.router)
    app.include_router(health.router)
    return app
