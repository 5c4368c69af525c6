"""Read the registry for operators: documents by filter, one document with its versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import ColumnElement, Select, String, case, column, func, or_, select, table
from sqlalchemy.dialects import postgresql

from ingestion.errors import IngestionError
from sql import queries

Connection = psycopg.Connection[Any]

_DOCUMENTS = table(
    "documents", *map(column, ("id", "source_id", "uri", "title", "status", "current_version_id")), schema="corpus"
)
_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
_VERSIONS = table("versions", *map(column, ("id", "document_id", "number", "state", "language")), schema="corpus")
_SOURCES = table("sources", *map(column, ("id", "name")), schema="landing")
_ALL_VERSIONS = _VERSIONS.alias("all_versions")
_NEWEST_STATE = (
    select(_ALL_VERSIONS.c.state)
    .where(_ALL_VERSIONS.c.document_id == _DOCUMENTS.c.id)
    .order_by(_ALL_VERSIONS.c.number.desc())
    .limit(1)
    .correlate(_DOCUMENTS)
    .scalar_subquery()
)

# Of a document at the source nothing is served when it is quarantined, gives way to a duplicate, or is pinned to
# nothing: withheld.
_STATUS = case(
    (_DOCUMENTS.c.current_version_id.is_not(None), "active"),
    (_DOCUMENTS.c.status != "active", _DOCUMENTS.c.status),
    (_NEWEST_STATE == "quarantined", "quarantined"),
    (_NEWEST_STATE == "duplicate", "duplicate"),
    else_="withheld",
).label("status")
STATUSES = ("active", "quarantined", "duplicate", "withheld", "deleted")
"""What can be asked for; the first of them are at the source, only active ones are served."""


@dataclass(frozen=True)
class DocumentFilter:
    """What to list; None leaves a field open.

    Attributes:
        text: Stands in the address or the title, in whatever case and Unicode form.
    """

    source: str | None = None
    status: str | None = None
    language: str | None = None
    text: str | None = None


def document_query(wanted: DocumentFilter, limit: int, offset: int = 0) -> Select[Any]:
    """Compose the listing of documents; only the filters that are set become conditions."""
    documents, versions, sources = _DOCUMENTS.c, _VERSIONS.c, _SOURCES.c
    query = (
        select(
            documents.id, sources.name.label("source"), documents.uri, documents.title, _STATUS,
            versions.number.label("version"), versions.language,
        )
        .join_from(_DOCUMENTS, _SOURCES, documents.source_id == sources.id)
        .outerjoin(_VERSIONS, documents.current_version_id == versions.id)
        .where(*_conditions(wanted))
        .order_by(sources.name, documents.uri)
    )  # fmt: skip
    return query.limit(limit).offset(offset)


def _conditions(wanted: DocumentFilter) -> Iterator[ColumnElement[bool]]:
    exact = ((_SOURCES.c.name, wanted.source), (_STATUS, wanted.status), (_VERSIONS.c.language, wanted.language))
    for expression, value in exact:
        if value is not None:
            yield expression == value
    if wanted.text:
        # File names made on a Mac come with Korean syllables taken apart.
        text = normalize("NFC", wanted.text)
        columns = (_DOCUMENTS.c.uri, _DOCUMENTS.c.title)
        yield or_(*(func.normalize(name, type_=String).icontains(text, autoescape=True) for name in columns))


def list_documents(connection: Connection, wanted: DocumentFilter, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Return documents with what is served of each, by source and uri."""
    compiled = document_query(wanted, limit, offset).compile(dialect=_DIALECT)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(str(compiled).encode(), compiled.params).fetchall()


def count_documents(connection: Connection, wanted: DocumentFilter) -> int:
    """Return how many documents a filter matches."""
    matching = document_query(wanted, 0).order_by(None).limit(None).offset(None).subquery()
    compiled = select(func.count()).select_from(matching).compile(dialect=_DIALECT)
    [(count,)] = connection.execute(str(compiled).encode(), compiled.params)
    return int(count)


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


def publication_history(connection: Connection, document_id: UUID, limit: int) -> list[dict[str, Any]]:
    """Return which version of a document was served from when to when and why, newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        scope = {"document_id": document_id, "limit": limit}
        return cursor.execute(queries("registry")["publication_history"], scope).fetchall()


def pin_in_force(connection: Connection, document_id: UUID) -> dict[str, Any] | None:
    """Return who decided which version of a document is served and why, or None if nobody did."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("registry")["pin_in_force"], {"document_id": document_id}).fetchone()


def list_duplicates(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return documents that give way to a near-identical one, with that one and the reason."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("registry")["list_duplicates"], {"limit": limit}).fetchall()


def as_uuid(text: str, what: str) -> UUID:
    """Return an id that somebody typed.

    Raises:
        IngestionError: It is no id.
    """
    found = _uuid(text)
    if found is None:
        raise IngestionError(f"{text!r} is no id of a {what}.")
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
