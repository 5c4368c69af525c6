"""Sources: where documents come from, whose they are and who may read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row

from ingestion.errors import IngestionError, SourceNotFound
from ingestion.listing import split_s3_uri
from sql import queries

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Source:
    """One row of `landing.sources`."""

    id: UUID
    name: str
    kind: str
    uri: str
    tenant_id: str
    access_groups: list[str]
    authority: int
    is_enabled: bool


def add_source(
    connection: Connection,
    name: str,
    uri: str,
    tenant_id: str = "default",
    access_groups: Sequence[str] = ("everyone",),
    authority: int = 50,
) -> Source:
    """Add a source, or return the one that is already there under this name and address.

    Raises:
        IngestionError: The address is no S3 address, the name is taken by another address, or a value is
            outside what the database allows.
    """
    try:
        split_s3_uri(uri)
        with connection.transaction():
            connection.execute(
                queries("sources")["add_source"],
                {
                    "name": name,
                    "kind": "s3",
                    "uri": uri,
                    "tenant_id": tenant_id,
                    "access_groups": list(access_groups),
                    "authority": authority,
                },
            )
    except psycopg.errors.CheckViolation as error:
        raise IngestionError(
            f"The source was refused ({error.diag.constraint_name}): names and tenants are lower-case letters, "
            "digits, - and _; groups have no blanks or commas; authority is 0 to 100."
        ) from error
    except ValueError as error:
        raise IngestionError(str(error)) from error
    source = find_source(connection, name)
    if (source.uri, source.tenant_id) != (uri, tenant_id):
        raise IngestionError(
            f"Source {name!r} exists already, for {source.uri} of tenant {source.tenant_id!r}; choose another name."
        )
    return source


def find_source(connection: Connection, name: str) -> Source:
    """Return the source with this name.

    Raises:
        SourceNotFound: There is none; the message lists those there are.
    """
    with connection.cursor(row_factory=class_row(Source)) as cursor:
        source = cursor.execute(queries("sources")["find_source"], {"name": name}).fetchone()
    if source is None:
        names = ", ".join(row["name"] for row in list_sources(connection)) or "none yet"
        raise SourceNotFound(
            f"There is no source {name!r} (sources: {names}). Add it with "
            "`regesta sources add NAME s3://bucket/prefix`."
        )
    return source


def list_sources(connection: Connection) -> list[dict[str, Any]]:
    """Return every source with its document count and last run."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("sources")["list_sources"]).fetchall()
