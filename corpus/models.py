"""Which embedding model serves is what the database says; this reads it and loads it.

A model's row says how to load it (`spec`), so that a switch needs no change of settings on any machine. Settings
add what is this machine's own: secrets, folders, threads, device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import class_row

from corpus.embedding import Embedder, EmbedderSpec, EmbeddingError, load_embedder
from corpus.errors import CorpusError
from corpus.settings import CorpusSettings
from sql import queries

SPACE_FIELDS = ("provider", "model", "revision", "url", "dimensions", "max_tokens", "query_prefix", "passage_prefix")
"""What a row's `spec` holds: all that decides which vectors a text gets, and where they are computed."""
_LOADED_AT_ONCE = 2  # the serving model, and the one it is switched from or to
_loading = Lock()


class ModelNotFound(CorpusError):
    """The database has no such embedding model."""


class ModelMismatch(EmbeddingError):
    """What was loaded makes other vectors than the database holds."""


@dataclass(frozen=True)
class Model:
    """One row of `corpus.embedding_models`.

    Attributes:
        table_name: Table in schema corpus that holds its vectors.
        state: building, serving or retired.
        spec: How to load it; empty means: as the settings say.
        served_until: When it stopped serving; None for one that serves or never did.
        is_dropped: Its vectors were removed.
    """

    id: int
    name: str
    revision: str
    dimensions: int
    table_name: str
    state: str
    spec: Mapping[str, Any]
    approved_by: str | None
    served_until: datetime | None
    is_dropped: bool
    created_at: datetime

    def __str__(self) -> str:
        return f"{self.name} ({self.revision})"


def list_models(connection: psycopg.Connection[Any]) -> list[Model]:
    """Return every model that was ever registered, oldest first."""
    with connection.cursor(row_factory=class_row(Model)) as cursor:
        return cursor.execute(queries("models")["list_models"]).fetchall()


def serving_of(models: list[Model]) -> Model:
    """Return the one that serves.

    Raises:
        ModelNotFound: None does.
    """
    for model in models:
        if model.state == "serving":
            return model
    raise ModelNotFound("No embedding model is registered; run `regesta setup`.")


def serving_model(connection: psycopg.Connection[Any]) -> Model:
    """Return the model whose vectors are searched; raise ModelNotFound when there is none."""
    return serving_of(list_models(connection))


def find_model(connection: psycopg.Connection[Any], wanted: str | int) -> Model:
    """Return a model by its id, its name, or `name@revision`.

    Raises:
        ModelNotFound: None or several are called that.
    """
    models = list_models(connection)
    found = [model for model in models if str(wanted) in (str(model.id), model.name, f"{model.name}@{model.revision}")]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{model.id} = {model.name}@{model.revision}" for model in models) or "none"
    raise ModelNotFound(f"{len(found) or 'No'} embedding models are called {wanted!r}; there are: {known}.")


def describe(spec: EmbedderSpec, embedder: Embedder) -> dict[str, Any]:
    """Return what a model's row remembers of how it was loaded; never a secret.

    Raises:
        EmbeddingError: The address carries a password.
    """
    if spec.provider == "packaged":
        return {"provider": spec.provider}
    if spec.url and (urlsplit(spec.url).username or urlsplit(spec.url).password):
        raise EmbeddingError(
            "The address of the model server carries a user name or a password, which would be stored in the "
            "database. Leave them out, and set REGESTA_EMBEDDING_API_KEY."
        )
    if spec.provider == "http" or not Path(spec.model).is_dir():
        spec = replace(spec, revision=embedder.revision)  # tomorrow's load gets today's weights
    return {name: value for name in SPACE_FIELDS if (value := getattr(spec, name)) is not None}


def loading_spec(model: Model, settings: CorpusSettings) -> EmbedderSpec:
    """Return how to load a model on this machine.

    The API key goes only to the server the settings name: a row of the database must not be able to send it
    elsewhere.
    """
    own = settings.embedder_spec()
    if not model.spec:
        return own
    known = {name: value for name, value in model.spec.items() if name in SPACE_FIELDS}
    is_own_server = own.url is not None and _origin(known.get("url")) == _origin(own.url)
    return EmbedderSpec(
        **known,
        home=own.home,
        batch_size=own.batch_size,
        threads=own.threads,
        device=own.device,
        api_key=own.api_key if is_own_server else None,
    )


def load(model: Model, settings: CorpusSettings, threads: int | None = None) -> Embedder:
    """Return the embedder of a model; the last two are kept, so that asking again costs nothing.

    Args:
        model: The row that says what to load.
        settings: What is this machine's own.
        threads: Instead of the settings' number.

    Raises:
        ModelMismatch: It can be loaded no more: name, revision or dimensions are others now.
        EmbeddingError: It cannot be loaded.
    """
    spec = loading_spec(model, settings)
    with _loading:  # two requests at once must not load it twice
        embedder = _loaded(spec if threads is None else replace(spec, threads=threads))
    found = (embedder.name, embedder.revision, embedder.dimensions)
    if found != (model.name, model.revision, model.dimensions):
        raise ModelMismatch(
            f"The database holds vectors of {model} with {model.dimensions} dimensions, but what was loaded is "
            f"{found[0]} ({found[1]}) with {found[2]}. Vectors of two models cannot be compared: bring the first "
            "one back (the settings, the packages), or build the other beside it with `regesta models build`."
        )
    return embedder


@lru_cache(maxsize=_LOADED_AT_ONCE)
def _loaded(spec: EmbedderSpec) -> Embedder:
    return load_embedder(spec)


def _origin(url: str | None) -> tuple[str, str]:
    parts = urlsplit(url or "")
    return parts.scheme, parts.netloc
