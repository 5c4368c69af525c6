"""Let another model serve, and the way back: one UPDATE, with nothing missing and no publication half-way."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from corpus.embedding import Embedder
from corpus.models import Model, find_model, list_models
from ingestion.apply import with_table
from ingestion.errors import IngestionError
from ingestion.reembedding.building import build
from sql import queries

Connection = psycopg.Connection[Any]
LARGEST_TOP_UP = 5_000
"""Passages a switch builds by itself; more means that building was not finished."""
LARGEST_REMAINDER = 256
"""Passages that publications may have to wait for while the switch holds them off."""
NOTICE_SECONDS = 15.0
"""Between announcement and switch, so that whoever answers questions has loaded the model before the first one."""
_ROUNDS = 5
_LOCK_SECONDS = 120


def switch(
    connection: Connection,
    model: Model,
    embedder: Embedder,
    approved_by: str,
    largest_top_up: int | None = LARGEST_TOP_UP,
    notice_seconds: float = NOTICE_SECONDS,
) -> Model:
    """Let a model serve from now on; the one that served until now stays as the way back.

    What was published since the model was built is embedded first, the last of it while publications wait.
    Searches never wait. Repeating it changes nothing.

    Args:
        connection: In autocommit mode.
        model: The candidate, or the previous model for the way back.
        embedder: Its embedder.
        approved_by: Who lets it serve.
        largest_top_up: Refuse when more passages than that lack a vector; None builds however many there are.
        notice_seconds: From the announcement to the switch, at least.

    Raises:
        IngestionError: It was dropped, or too much of it is not built, or publications do not make room.
    """
    model = find_model(connection, model.id)
    if model.state == "serving":
        return model
    if model.is_dropped:
        raise IngestionError(f"The vectors of {model} were dropped; build them with `regesta models build`.")
    missing = backlog(connection, model)
    if largest_top_up is not None and missing > largest_top_up:
        raise IngestionError(
            f"{missing:,} passages have no vector of {model} yet, and a switch builds {largest_top_up:,} at most. "
            f"Finish with `regesta models build` (model {model.id}), then switch."
        )
    names = queries("models")
    connection.execute(names["announce"], {"model_id": model.id, "approved_by": approved_by})
    announced = time.monotonic()
    build(connection, model, embedder)
    # The bulk of the flags now, so that little is left to do while publications wait.
    connection.execute(with_table(names["align_flags"], model.table_name))
    time.sleep(max(0.0, announced + notice_seconds - time.monotonic()))
    for _ in range(_ROUNDS):
        if backlog(connection, model) <= LARGEST_REMAINDER and _switch_locked(connection, model, embedder, approved_by):
            return find_model(connection, model.id)
        build(connection, model, embedder)
    raise IngestionError(
        f"{backlog(connection, model):,} passages still have no vector of {model} after {_ROUNDS} rounds: documents "
        "are published faster than they are embedded, or another worker is building it. Switch when it is quieter."
    )


def backlog(connection: Connection, model: Model) -> int:
    """Return how many passages lack a vector of the model."""
    rows = connection.execute(queries("models")["backlog"], {"model_id": model.id}).fetchall()
    return sum(row[1] for row in rows)


def _switch_locked(connection: Connection, model: Model, embedder: Embedder, approved_by: str) -> bool:
    """Do the last of the work and switch, in one transaction; False when something is left, and nothing changed."""
    names = queries("models")
    try:
        with connection.transaction():
            connection.execute("select set_config('lock_timeout', %s, true)", [f"{_LOCK_SECONDS}s"])
            connection.execute(names["lock_switch"])
            row = connection.execute(names["lock_model"], {"model_id": model.id}).fetchone()
            if row is None or row[1]:
                raise IngestionError(f"The vectors of {model} were dropped meanwhile.")
            build(connection, model, embedder)
            if backlog(connection, model):
                return False
            connection.execute(with_table(names["align_flags"], model.table_name))
            connection.execute(names["switch"], {"model_id": model.id, "approved_by": approved_by})
    except psycopg.errors.LockNotAvailable as error:
        raise IngestionError(
            f"A publication has been at work for {_LOCK_SECONDS} s; nothing was switched. Try again when it is done."
        ) from error
    return True


def previous_model(connection: Connection) -> Model:
    """Return the model that served last before the present one and can still be gone back to.

    Raises:
        IngestionError: There is none, or its vectors were dropped.
    """
    former = [model for model in list_models(connection) if model.served_until and model.state != "serving"]
    kept = [model for model in former if not model.is_dropped]
    if not kept:
        dropped = f"; the vectors of {former[-1]} were dropped" if former else ""
        raise IngestionError(f"There is no earlier embedding model to go back to{dropped}.")
    return max(kept, key=lambda model: model.served_until or model.created_at)
