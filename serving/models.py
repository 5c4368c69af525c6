"""The model questions are embedded with: always the one that serves now, loaded beside the event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from psycopg.rows import class_row

from corpus.embedding import Embedder
from corpus.errors import CorpusError
from corpus.models import Model, load, serving_of
from serving.access import Pool, connected
from serving.errors import ModelUnavailable
from serving.settings import ServingSettings
from sql import queries

POLL_SECONDS = 5.0
"""How often a worker looks for a model that was announced or switched to; a switch gives notice of more."""
log = structlog.get_logger(__name__)


class ServingModel:
    """What this worker embeds questions with.

    It looks at the database by itself every few seconds and loads a model that is announced before it serves. A
    search that was overtaken by a switch says so (`ModelSwitched`), and `refresh` catches up.
    """

    def __init__(self, pool: Pool, settings: ServingSettings) -> None:
        self._pool = pool
        self._settings = settings
        self._current: tuple[Model, Embedder] | None = None
        self._refreshing = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the model that serves, if the database can say which, and watch for another."""
        await self._look()
        self._watch = asyncio.create_task(self._keep_watch())

    async def stop(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def current(self) -> tuple[int, Embedder]:
        """Return id and embedder of the model that serves, as far as this worker knows.

        Raises:
            DatabaseBusy: The database cannot say which it is.
            ModelUnavailable: It cannot be loaded.
        """
        if self._current is None:
            await self.refresh()
        return self.model.id, self.embedder

    async def refresh(self) -> list[Model]:
        """Load the model that serves now, unless it is loaded; return all that there are.

        Raises:
            DatabaseBusy: The database cannot say which it is.
            ModelUnavailable: It cannot be loaded.
        """
        async with self._refreshing:
            models = await self._registered()
            try:
                serving = serving_of(models)
                if self._current is None or self._current[0].id != serving.id:
                    self._current = (serving, await asyncio.to_thread(load, serving, self._settings, 1))
                    log.info("model_loaded", model=str(serving))
            except CorpusError as error:
                raise ModelUnavailable(f"The embedding model cannot be used: {error}") from error
            return models

    @property
    def model(self) -> Model:
        """The model this worker embeds with."""
        return self._loaded()[0]

    @property
    def embedder(self) -> Embedder:
        """Its embedder; hold on to it for whatever must be embedded by one model."""
        return self._loaded()[1]

    def _loaded(self) -> tuple[Model, Embedder]:
        if self._current is None:
            raise ModelUnavailable("The embedding model is not loaded yet.")
        return self._current

    async def _registered(self) -> list[Model]:
        async with connected(self._pool) as connection, connection.cursor(row_factory=class_row(Model)) as cursor:
            await cursor.execute(queries("models")["list_models"])
            return await cursor.fetchall()

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._look()

    async def _look(self) -> None:
        """Load what serves, then what was announced; what fails is logged, and tried again at the next look."""
        try:
            announced = [model for model in await self.refresh() if model.state == "building" and model.approved_by]
            if announced:
                await asyncio.to_thread(load, announced[-1], self._settings, 1)
        except Exception as error:  # whatever it is, the next look may succeed
            log.warning("model_not_loaded", reason=f"{type(error).__name__}: {error}")
