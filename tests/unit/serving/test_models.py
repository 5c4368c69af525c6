"""Which model a worker embeds with: the one that serves, loaded once, and the next one ahead of its time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from corpus.embedding import EmbeddingError
from corpus.models import Model
from serving import models
from serving.errors import ModelUnavailable
from serving.models import ServingModel
from serving.settings import ServingSettings

OLD = Model(1, "old", "r1", 3, "embeddings_1", "serving", {}, None, None, False, datetime(2026, 1, 1, tzinfo=UTC))
NEW = replace(OLD, id=2, name="new", table_name="embeddings_2", state="building")


class Registered(ServingModel):
    """Reads `rows` instead of a database."""

    def __init__(self, *rows: Model) -> None:
        pool: Any = None  # nothing is read through it
        super().__init__(pool, ServingSettings())
        self.rows = list(rows)

    async def _registered(self) -> list[Model]:
        await asyncio.sleep(0)
        return self.rows


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that were loaded, in order; one called `broken` cannot be."""
    names: list[str] = []

    def load(model: Model, settings: ServingSettings, threads: int) -> Any:
        if model.name == "broken":
            raise EmbeddingError("its server is gone")
        names.append(model.name)
        return f"embedder of {model.name}"

    monkeypatch.setattr(models, "load", load)
    return names


async def look(embedding: ServingModel) -> None:
    """Look once, as a worker that starts does."""
    await embedding.start()
    await embedding.stop()


def test_what_serves_is_loaded_once_however_many_ask(loaded: list[str]) -> None:
    async def ask() -> list[Any]:
        embedding = Registered(OLD, NEW)
        return await asyncio.gather(*(embedding.current() for _ in range(5)))

    assert asyncio.run(ask()) == [(1, "embedder of old")] * 5
    assert loaded == ["old"]


def test_a_model_is_loaded_ahead_only_when_it_was_announced(loaded: list[str]) -> None:
    asyncio.run(look(Registered(OLD, NEW)))
    assert loaded == ["old"]
    embedding = Registered(OLD, replace(NEW, approved_by="an operator"))
    asyncio.run(look(embedding))
    assert loaded == ["old", "old", "new"]
    assert embedding.model.id == OLD.id  # it does not serve yet


def test_a_switch_is_caught_up_with(loaded: list[str]) -> None:
    async def switch() -> tuple[int, Any]:
        embedding = Registered(OLD, NEW)
        await embedding.current()
        embedding.rows = [replace(OLD, state="retired"), replace(NEW, state="serving")]
        assert (await embedding.current())[0] == OLD.id  # nobody has told it yet
        await embedding.refresh()
        return await embedding.current()

    assert asyncio.run(switch()) == (2, "embedder of new")


def test_a_model_that_cannot_be_loaded_is_a_typed_error(loaded: list[str]) -> None:
    embedding = Registered(replace(OLD, name="broken"))
    asyncio.run(look(embedding))  # a worker starts all the same, and tries again
    with pytest.raises(ModelUnavailable, match="its server is gone"):
        asyncio.run(embedding.current())
    with pytest.raises(ModelUnavailable, match="regesta setup"):
        asyncio.run(Registered(NEW).current())
    with pytest.raises(ModelUnavailable, match="not loaded yet"):
        _ = embedding.embedder


def test_a_candidate_that_cannot_be_loaded_harms_nobody(loaded: list[str]) -> None:
    embedding = Registered(OLD, replace(NEW, name="broken", approved_by="an operator"))
    asyncio.run(look(embedding))
    assert embedding.model == OLD
