"""Remove the vectors of models that serve no more."""

from __future__ import annotations

from typing import Any

import psycopg

from corpus.models import Model, find_model
from ingestion.errors import IngestionError
from ingestion.settings import IngestionSettings
from sql import queries

Connection = psycopg.Connection[Any]


def drop(connection: Connection, model: Model, retention_days: int, force: bool = False) -> None:
    """Remove the vectors of one model; its row stays, and it can be built anew.

    Args:
        connection: As `regesta_ingestion`.
        model: A retired model, or a candidate that nobody wants.
        retention_days: How long the way back to a model stays open.
        force: Close the way back before its time.

    Raises:
        IngestionError: It serves, or it is the way back.
    """
    scope = {"model_id": model.id, "retention_days": retention_days, "is_forced": force}
    try:
        with connection.transaction():
            connection.execute("select set_config('lock_timeout', '60s', true)")
            connection.execute(queries("models")["drop_model"], scope)
    except psycopg.errors.RaiseException as error:
        raise IngestionError(f"Nothing was dropped: {error.diag.message_primary}.") from error


def drop_expired_models(connection: Connection, settings: IngestionSettings) -> list[str]:
    """Remove the vectors of every model whose window is over; return which they were."""
    days = settings.retention_days
    rows = connection.execute(queries("models")["expired"], {"retention_days": days}).fetchall()
    expired = [find_model(connection, model_id) for (model_id,) in rows]
    for model in expired:
        drop(connection, model, days)
    return [str(model) for model in expired]
