"""Read the registry for operators: documents by filter, one document with its versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Select, case, column, select, table
from sqlalchemy.dialects import postgresql

from ingestion.errors import IngestionError
from sql import queries

Connection = psycopg.Connection[Any]

_DOCUMENTS = table(
    "documents", *map(column, ("id", "source_id", "uri", "title", "status", "current_version_id")), schema="corpus"
)
_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
_VERSIONS = table("versions", *map(column, ("id", "number", "language")), schema="corpus")
_SOURCES = table("sources", *map(column, ("id", "name")), schema="landing")

# A document at the source of which no version can be served has only quarantined ones.
_STATUS = case(
    ((_DOCUMENTS.c.status == "active") & _DOCUMENTS.c.current_version_id.is_(None), "quarantined"),
    else_=_DOCUMENTS.c.status,
).label("status")


@dataclass(frozen=True)
class DocumentFilter:
    """What to list; None leaves a field open."""

    source: str | None = None
    status: str | None = None
    language: str | None = None


def document_query(wanted: DocumentFilter, limit: int) -> Select[Any]:
    """Compose the listing of documents; only the filters that are set become conditions."""
    documents, versions, sources = _DOCUMENTS.c, _VERSIONS.c, _SOURCES.c
    query = (
        select(
            documents.id, sources.name.label("source"), documents.uri, documents.title, _STATUS,
            versions.number.label("version"), versions.language,
        )
        .join_from(_DOCUMENTS, _SOURCES, documents.source_id == sources.id)
        .outerjoin(_VERSIONS, documents.current_version_id == versions.id)
        .order_by(sources.name, documents.uri)
        .limit(limit)
    )  # fmt: skip
    for expression, value in (
        (sources.name, wanted.source),
        (_STATUS, wanted.status),
        (versions.language, wanted.language),
    ):
        if value is not None:
            query = query.where(expression == value)
    return query


def list_documents(connection: Connection, wanted: DocumentFilter, limit: int) -> list[dict[str, Any]]:
    """Return documents with what is served of each, by source and uri."""
    compiled = document_query(wanted, limit).compile(dialect=_DIALECT)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(str(compiled).encode(), compiled.params).fetchall()


def show_document(connection: Connection, reference: str) -> dict[str, Any]:
    """Return one document with its versions, by id, uri or the end of a uri.

    Raises:
        IngestionError: Nothing matches, or several do; the message names them.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            queries("registry")["find_documents"], {"id": _uuid(reference), "reference": reference}
        ).fetchall()
        if len(found) != 1:
            names = ", ".join(row["uri"] for row in found[:5]) or "nothing"
            raise IngestionError(
                f"{reference!r} must name one document, but matches {names}. "
                "`regesta documents list` shows ids and addresses; the end of an address is enough."
            )
        document = found[0]
        document["versions"] = cursor.execute(
            queries("registry")["list_versions"], {"document_id": document["id"]}
        ).fetchall()
    return document


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
