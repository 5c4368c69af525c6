"""Sources: where documents come from, whose they are, who may read them and how they are treated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict, Unpack
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row

from ingestion.apply import lock_publication, serve_documents
from ingestion.connectors.addresses import source_address
from ingestion.errors import IngestionError, SourceNotFound
from sql import queries

Connection = psycopg.Connection[Any]


class SourcePolicy(TypedDict, total=False):
    """What the owner of a source may decide, and change later, besides who may read it."""

    authority: int
    is_enabled: bool
    schedule: str
    pii_policy: str
    chunking_profile: str
    raw_retention_days: int | None
    allowed_hosts: Sequence[str]
    answer_ttl_seconds: int | None


class SourceChanges(SourcePolicy, total=False):
    """What can be changed of a source that is there."""

    access_groups: Sequence[str]


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
    schedule: str
    pii_policy: str
    chunking_profile: str
    raw_retention_days: int | None
    allowed_hosts: list[str]
    answer_ttl_seconds: int | None


_DEFAULTS: SourceChanges = {
    "access_groups": ["everyone"], "authority": 50, "is_enabled": True, "schedule": "nightly", "pii_policy": "mask",
    "chunking_profile": "structure", "raw_retention_days": None, "allowed_hosts": [], "answer_ttl_seconds": None,
}  # fmt: skip


def add_source(
    connection: Connection, name: str, uri: str, tenant_id: str = "default",
    access_groups: Sequence[str] | None = None, *, kind: str = "auto", **policy: Unpack[SourcePolicy],
) -> Source:  # fmt: skip
    """Add a source, or return the one that is already there under this name, address and policy.

    Uploads are synced when they arrive, so their schedule is `manual` unless something else is asked for.

    Raises:
        IngestionError: The address is none, the name is taken, or a value is outside what the database allows.
    """
    kind, uri = source_address(name, uri, kind)
    given = _lists(policy) if access_groups is None else _lists({**policy, "access_groups": access_groups})
    values = {**_DEFAULTS, "schedule": "manual" if kind == "upload" else "nightly", **given}
    with connection.transaction():
        _write(connection, "add_source", {"name": name, "kind": kind, "uri": uri, "tenant_id": tenant_id, **values})
    source = find_source(connection, name)
    if (source.uri, source.tenant_id) != (uri, tenant_id):
        raise IngestionError(
            f"Source {name!r} exists already, for {source.uri} of tenant {source.tenant_id!r}; choose another name."
        )
    differing = [key for key, value in given.items() if getattr(source, key) != value]
    if differing:
        raise IngestionError(
            f"Source {name!r} exists already with another {', '.join(differing)}; use `regesta sources change {name}`."
        )
    return source


def change_source(connection: Connection, name: str, actor: str, **changes: Unpack[SourceChanges]) -> Source:
    """Change the policy of a source.

    Groups and authority hold for the documents it has already as soon as this returns. Another policy for
    personal data or another way of cutting makes work for the next sync.

    Raises:
        SourceNotFound: There is none of this name.
        IngestionError: A value is outside what the database allows.
    """
    tenant_id = find_source(connection, name).tenant_id
    with connection.transaction():
        lock_publication(connection, tenant_id)
        before = find_source(connection, name)
        _write(connection, "change_source", {**asdict(before), **_lists(changes)})
        after = find_source(connection, name)
        if (before.access_groups, before.authority) != (after.access_groups, after.authority):
            scope = {"source_id": after.id, "access_groups": after.access_groups}
            documents = connection.execute(queries("sources")["regroup_documents"], scope).fetchall()
            if documents:
                serve_documents(connection, tenant_id, [document_id for (document_id,) in documents], actor)
    return after


def _lists(policy: SourcePolicy | SourceChanges) -> dict[str, Any]:
    """Return a policy as the database gives it back: its sequences as lists."""
    return {key: list(value) if isinstance(value, (tuple, list)) else value for key, value in policy.items()}


def _write(connection: Connection, query: str, values: dict[str, Any]) -> None:
    try:
        connection.execute(queries("sources")[query], values)
    except psycopg.errors.CheckViolation as error:
        raise IngestionError(
            f"The source was refused ({error.diag.constraint_name}): names and tenants are lower-case letters, "
            "digits, - and _; groups have no blanks or commas; authority is 0 to 100; schedules are hourly, nightly "
            "and manual; policies mask, hash, drop and allow; profiles structure, heading, fixed and semantic; "
            "days to keep are 0 or more; answers are kept 0 to 86400 seconds."
        ) from error


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
