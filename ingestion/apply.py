"""Bring into force what the registry decided: dbt says which version of a document is served, this serves it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from ingestion.errors import IngestionError
from sql import queries

Connection = psycopg.Connection[Any]


def serving_model(connection: Connection) -> tuple[int, str]:
    """Return id and table of the model whose vectors are searched."""
    row = connection.execute(queries("publish")["serving_model"]).fetchone()
    if row is None:
        raise IngestionError("No embedding model is registered; run `regesta setup`.")
    return int(row[0]), str(row[4])


def with_table(query: LiteralString, table: str) -> Composed:
    """Put the model's table into a statement."""
    return SQL(query).format(model_table=Identifier("corpus", table))


def clock(connection: Connection) -> datetime:
    """Return the database's time of day, which everybody who publishes shares."""
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def lock_publication(connection: Connection, tenant_id: str) -> None:
    """Wait until nobody else publishes in this tenant; the lock goes with the transaction."""
    names = queries("publish")
    connection.execute(names["lock_model"])
    connection.execute(names["lock_tenant"], {"tenant_id": tenant_id})


def apply_registry(
    connection: Connection,
    tenant_id: str,
    run_id: UUID | None = None,
    actor: str | None = None,
    published_at: datetime | None = None,
) -> None:
    """Serve what the registry says for every document in `staged_documents`, and for those they compete with.

    Versions, documents, history and live flags change together, in the caller's transaction, which must hold
    the tenant's publication lock. Cached answers that cite a passage which is live no more go with it (a trigger),
    and cached search results belong to an earlier release.
    """
    names = queries("serve")
    scope = {
        "tenant_id": tenant_id,
        "run_id": run_id,
        "actor": actor,
        "published_at": published_at or clock(connection),
    }
    connection.execute("analyze staged_documents")
    connection.execute(names["decide"], scope)
    connection.execute(names["apply"])
    for name in ("close_publications", "open_publications"):
        connection.execute(names[name], scope)
    _, table = serving_model(connection)
    connection.execute(with_table(names["flip_live"], table), scope)
    connection.execute(names["begin_release"], scope)
    connection.execute("drop table staged_registry")


def serve_documents(connection: Connection, tenant_id: str, documents: Iterable[UUID], actor: str) -> None:
    """Serve what the registry says for some documents now, outside any run.

    Call it inside a transaction that has changed what the registry looks at, such as a pin.
    """
    names = queries("serve")
    lock_publication(connection, tenant_id)
    connection.execute(names["create_staged_documents"])
    for document_id in documents:
        connection.execute(names["stage_document"], {"document_id": document_id})
    apply_registry(connection, tenant_id, actor=actor)
    connection.execute("truncate staged_documents")


def serve_differing(connection: Connection, tenant_id: str, actor: str) -> None:
    """Serve what the registry says wherever something else is served: a pin ran out, a policy changed."""
    names = queries("serve")
    lock_publication(connection, tenant_id)
    connection.execute(names["create_staged_documents"])
    connection.execute(names["stage_differing_documents"], {"tenant_id": tenant_id})
    apply_registry(connection, tenant_id, actor=actor)
    connection.execute("truncate staged_documents")
