"""Remove what the retention policy has let go: dbt says which versions, this removes their content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from corpus.objects import ObjectStore, raw_key
from ingestion.apply import lock_publication
from ingestion.versions import serve_what_is_due
from sql import queries

Connection = psycopg.Connection[Any]

CONTENT = ("delete_similarities", "delete_signatures", "delete_version_chunks", "delete_chunks")
"""Queries that remove everything staged versions are searched by, in this order."""


@dataclass
class Purged:
    """How much a purge removed."""

    versions: int = 0
    chunks: int = 0
    objects: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return it as JSON-ready values."""
        return asdict(self)


def purge(connection: Connection, store: ObjectStore) -> Purged:
    """Purge every tenant's expired versions, then the raw objects their policies let go.

    Pins that have run out are applied first, so that what they held in service is served no longer. Each
    tenant is one transaction; killed anywhere, the next purge does the rest.
    """
    purged = Purged()
    serve_what_is_due(connection, "purge")
    for (tenant_id,) in connection.execute(queries("versions")["tenants"]).fetchall():
        _purge_versions(connection, tenant_id, purged)
        purged.objects += _purge_objects(connection, store, tenant_id)
    return purged


def delete_content(connection: Connection) -> int:
    """Remove what the versions in `staged_versions` are searched by; return how many passages went."""
    chunks = 0
    for name in CONTENT:
        chunks = connection.execute(queries("purge")[name]).rowcount
    return chunks


def _purge_versions(connection: Connection, tenant_id: str, purged: Purged) -> None:
    names = queries("purge")
    with connection.transaction():
        # Under the lock nobody pins or publishes a version between dbt's word and its removal.
        lock_publication(connection, tenant_id)
        connection.execute(names["stage_expired"], {"tenant_id": tenant_id})
        purged.chunks += delete_content(connection)
        purged.versions += connection.execute(names["mark_purged"]).rowcount


def _purge_objects(connection: Connection, store: ObjectStore, tenant_id: str) -> int:
    names = queries("purge")
    with connection.transaction():
        # No run may land the same bytes again while they are being removed: opening one waits, and when one is
        # at work already, the objects stay for another day.
        connection.execute("lock table landing.runs, landing.arrivals in share row exclusive mode")
        if connection.execute("select 1 from landing.runs where state = 'running' limit 1").fetchone():
            return 0
        rows = connection.execute(names["expired_objects"], {"tenant_id": tenant_id}).fetchall()
        expired: Sequence[str] = [sha256 for (sha256,) in rows]
        store.delete(map(raw_key, expired))
        connection.execute(names["forget_object"], {"sha256s": list(expired)})
    return len(expired)
