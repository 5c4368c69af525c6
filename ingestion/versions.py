"""Go back: one document to an earlier version, or everything a run did; and forward again.

A rollback is a pin and one transaction. Nothing is parsed or embedded: versions share passages, and the vectors of
an earlier one are still there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from ingestion.apply import serve_differing, serve_documents
from ingestion.errors import IngestionError
from ingestion.registry import as_uuid, show_document
from sql import queries

Connection = psycopg.Connection[Any]
_SAME_PIN = """
    select 1 from corpus.pins
    where
        document_id = %(document_id)s and released_at is null and actor = %(actor)s and reason = %(reason)s
        and version_id is not distinct from %(version_id)s::uuid
        and expires_at is not distinct from %(expires_at)s::timestamptz
"""


@dataclass(frozen=True)
class Restored:
    """What became of one document: the version now pinned, None for "serve nothing"; or why it was left alone."""

    document_id: UUID
    uri: str
    version: int | None
    skipped: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {**asdict(self), "document_id": str(self.document_id)}


def restore(
    connection: Connection,
    reference: str | None,
    number: int | None,
    run: str | None,
    actor: str,
    reason: str,
    expires_at: datetime | None = None,
) -> list[dict[str, Any]]:
    """Restore one document, or everything one run did; for operators.

    Args:
        reference: Id, address or the end of the address of a document.
        run: Id of a run.
        expires_at: When the pins end by themselves; None keeps them until they are released.

    Raises:
        IngestionError: Both or neither are given, or what they name cannot be restored.
    """
    if bool(reference) == bool(run):
        raise IngestionError("Name a document or a run, and not both.")
    if run:
        restored = restore_run(connection, as_uuid(run, "run"), actor, reason, expires_at)
    else:
        document_id = show_document(connection, str(reference))["id"]
        restored = [restore_document(connection, document_id, number, actor, reason, expires_at)]
    return [entry.as_dict() for entry in restored]


def restore_document(
    connection: Connection,
    document_id: UUID,
    number: int | None,
    actor: str,
    reason: str,
    expires_at: datetime | None = None,
) -> Restored:
    """Serve an earlier version of a document from now on; later edits wait as versions until the pin is released.

    Args:
        number: Which version; None takes the one that was served before the current.
        expires_at: When the pin ends by itself; None keeps it until it is released.

    Raises:
        IngestionError: There is no such document or version, its content cannot be served any more, or the pin
            would have ended.
    """
    expires_at = end_of_pin(expires_at)
    names = queries("versions")
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        scope = {"document_id": document_id, "number": number}
        document = cursor.execute(names["document_of"], scope).fetchone()
        version = cursor.execute(names["find_version"], scope).fetchone()
        if document is None:
            raise IngestionError(f"There is no document {document_id}.")
        wanted = f"v{number}" if number else "earlier version"
        if version is None:
            raise IngestionError(f"{document['uri']} has no {wanted}; `regesta documents show` lists its versions.")
        if version["state"] in ("purged", "quarantined"):
            raise IngestionError(f"v{version['number']} of {document['uri']} is {version['state']}: nothing to serve.")
        _pin(connection, document_id, version["id"], actor, reason, expires_at)
        serve_documents(connection, document["tenant_id"], [document_id], actor)
    return Restored(document_id, document["uri"], version["number"])


def restore_run(
    connection: Connection, run_id: UUID, actor: str, reason: str, expires_at: datetime | None = None
) -> list[Restored]:
    """Serve what was served when a run began, for every document it added, changed or deleted; one transaction.

    A document that another run changed since is left alone and said so.

    Args:
        expires_at: When the pins end by themselves; None keeps them until they are released.

    Raises:
        IngestionError: There is no such run, it has not settled, or the pins would have ended.
    """
    expires_at = end_of_pin(expires_at)
    names = queries("versions")
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        run = cursor.execute(names["find_run"], {"run_id": run_id}).fetchone()
        if run is None or run["state"] == "running":
            raise IngestionError(
                f"There is no settled run {run_id}; `regesta sync` prints the id, and a document's page says which run "
                "served it."
            )
        restored = []
        for row in cursor.execute(names["before_run"], {"run_id": run_id}).fetchall():
            skipped = "changed again by a later run" if row["is_changed_since"] else None
            if row["is_purged"]:
                skipped = "the version served before has been purged"
            if skipped is None:
                _pin(connection, row["document_id"], row["version_id"], actor, reason, expires_at)
            restored.append(Restored(row["document_id"], row["uri"], _number(connection, row["version_id"]), skipped))
        pinned = [entry.document_id for entry in restored if entry.skipped is None]
        serve_documents(connection, run["tenant_id"], pinned, actor)
    return restored


def end_of_pin(moment: datetime | None) -> datetime | None:
    """Return when a pin is to end by itself, None for never; a moment without a zone is UTC's.

    Raises:
        IngestionError: It is over.
    """
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= datetime.now(UTC):
        raise IngestionError(
            f"A pin must end in the future, and {moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S} UTC is over."
        )
    return moment


def release(connection: Connection, document_id: UUID, actor: str) -> str:
    """End a document's pin, so that its newest version is served again; return the document's address.

    Raises:
        IngestionError: There is no such document, or nothing is pinned.
    """
    names = queries("versions")
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        document = cursor.execute(names["document_of"], {"document_id": document_id}).fetchone()
        if document is None:
            raise IngestionError(f"There is no document {document_id}.")
        if cursor.execute(names["release_pins"], {"document_ids": [document_id]}).rowcount == 0:
            raise IngestionError(f"No version of {document['uri']} is pinned.")
        serve_documents(connection, document["tenant_id"], [document_id], actor)
    return str(document["uri"])


def list_pins(connection: Connection) -> list[dict[str, Any]]:
    """Return the pins in force."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("versions")["list_pins"]).fetchall()


def serve_what_is_due(connection: Connection, actor: str) -> None:
    """Apply the registry wherever something else is served, tenant by tenant: pins run out by themselves."""
    tenants = connection.execute(queries("versions")["tenants"]).fetchall()
    for (tenant_id,) in tenants:
        with connection.transaction():
            serve_differing(connection, tenant_id, actor)


def _pin(
    connection: Connection,
    document_id: UUID,
    version_id: UUID | None,
    actor: str,
    reason: str,
    expires_at: datetime | None,
) -> None:
    names = queries("versions")
    pin = {
        "document_id": document_id,
        "version_id": version_id,
        "actor": actor,
        "reason": reason,
        "expires_at": expires_at,
    }
    if connection.execute(_SAME_PIN, pin).fetchone():
        return  # whoever was cut off before the answer, and asks again, decides nothing new
    connection.execute(names["release_pins"], {"document_ids": [document_id]})
    connection.execute(names["pin"], pin)


def _number(connection: Connection, version_id: UUID | None) -> int | None:
    row = connection.execute("select number from corpus.versions where id = %s", [version_id]).fetchone()
    return row[0] if row else None
