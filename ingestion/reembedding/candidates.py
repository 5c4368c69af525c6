"""The model that is to serve next: what it is, and its row in the database."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from corpus.embedding import Embedder, EmbedderSpec, load_embedder
from corpus.models import Model, describe, find_model
from corpus.settings import CorpusSettings
from ingestion.errors import IngestionError
from sql import queries

Connection = psycopg.Connection[Any]


def candidate_spec(settings: CorpusSettings, provider: str, model: str | None = None, **given: Any) -> EmbedderSpec:
    """Return how to load a candidate: what was given, the embedder's own defaults, and this machine's settings.

    Args:
        settings: Gives folders, threads, device and the API key.
        provider: packaged, sentence_transformers or http.
        model: Hub name, folder, or what the model server calls it; `packaged` needs none.
        given: `revision`, `url`, `dimensions`, `query_prefix`, `passage_prefix`; None leaves the default.

    Raises:
        IngestionError: The provider needs the name of a model.
    """
    if provider != "packaged" and not model:
        raise IngestionError(f"The provider {provider!r} needs the name of a model.")
    own = settings.embedder_spec()
    known = {name: value for name, value in {"model": model, **given}.items() if value is not None}
    return EmbedderSpec(
        provider=provider,  # type: ignore[arg-type]  # load_embedder() refuses what it does not know
        home=own.home,
        batch_size=own.batch_size,
        threads=own.threads,
        device=own.device,
        api_key=own.api_key,
        **known,
    )


def load_candidate(connection: Connection, spec: EmbedderSpec) -> tuple[Model, Embedder]:
    """Load a candidate and register it; return its row and its embedder."""
    embedder = load_embedder(spec)
    return register(connection, embedder, spec), embedder


def register(connection: Connection, embedder: Embedder, spec: EmbedderSpec) -> Model:
    """Give a candidate its row and its empty table; doing so again changes nothing.

    Raises:
        IngestionError: A model of this name and revision is registered as another one.
    """
    wanted = {
        "name": embedder.name,
        "revision": embedder.revision,
        "dimensions": embedder.dimensions,
        "spec": Jsonb(describe(spec, embedder)),
    }
    try:
        row = connection.execute(queries("models")["begin_model"], wanted).fetchone()
    except psycopg.errors.RaiseException as error:
        raise IngestionError(f"The model was not registered: {error.diag.message_primary}.") from error
    assert row is not None
    return find_model(connection, row[0])
