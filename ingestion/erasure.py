"""Erase a document for good: raw bytes, versions, passages, vectors, signatures, and what was asked about it.

What stays is a receipt without its address, which also keeps it from coming back with the next sync.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from corpus.objects import ObjectStore, raw_key
from ingestion.apply import lock_publication, serve_documents
from ingestion.errors import IngestionError
from ingestion.purging import delete_content
from ingestion.registry import show_document
from sql import queries

Connection = psycopg.Connection[Any]

_ROWS = ("delete_pins", "delete_publications", "forget_current", "delete_versions", "delete_arrivals",
         "delete_waivers", "delete_requests", "forget_in_requests", "delete_document")  # fmt: skip


class RunAtWork(IngestionError):
    """A run has the document in its hands: try again when it has settled."""


def erase(connection: Connection, store: ObjectStore, reference: str, actor: str, reason: str) -> dict[str, Any]:
    """Erase the document with this id or whole address; the end of an address is not enough here.

    Raises:
        IngestionError: No document has it, or a run is at work on it.
    """
    document = show_document(connection, reference)
    if reference not in (str(document["id"]), document["uri"]):
        raise IngestionError(f"To erase {document['uri']}, give its id {document['id']} or its whole address.")
    return erase_document(connection, store, document["id"], actor, reason)


def erase_document(
    connection: Connection, store: ObjectStore, document_id: UUID, actor: str, reason: str
) -> dict[str, Any]:
    """Erase one document and return its receipt.

    The database changes in one transaction; objects in S3 follow, and are remembered in the receipt until they
    are gone, so that an erasure killed half-way is finished by the next one or by `finish_erasures`.

    Raises:
        IngestionError: There is no such document, or a run is at work on it: then try again when it has settled.
    """
    names = queries("erasure")
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        document = cursor.execute(names["find_document"], {"document_id": document_id}).fetchone()
        if document is None:
            raise IngestionError(
                f"There is no document {document_id}; if it was erased, `regesta erasures` has the receipt."
            )
        scope = {**document, "document_id": document_id, "actor": actor, "reason": reason}
        _wait_for_runs(connection, scope)
        lock_publication(connection, document["tenant_id"])
        scope["erasure_id"] = cursor.execute(names["add_erasure"], scope).fetchone()["id"]  # type: ignore[index]
        counts, keys = _erase_rows(connection, scope)
        receipt = {"erasure_id": scope["erasure_id"], "counts": Jsonb(counts), "pending_keys": keys}
        cursor.execute(names["write_receipt"], receipt)
    finish_erasures(connection, store)
    return {"id": str(scope["erasure_id"]), "source": document["source"], "actor": actor, "reason": reason, **counts}


def finish_erasures(connection: Connection, store: ObjectStore) -> int:
    """Remove the objects of every erasure that was cut off before S3 was clean; return how many objects."""
    names, removed = queries("erasure"), 0
    with connection.transaction():
        # Nobody registers the same bytes while they are looked at; those that another document has landed since stay.
        connection.execute("lock table landing.objects in share row exclusive mode")
        for erasure_id, keys, counts in connection.execute(names["pending_erasures"]).fetchall():
            landed = "select s3_key from landing.objects where s3_key = any(%s) and deleted_at is null"
            kept = {key for (key,) in connection.execute(landed, [keys])}
            removed += store.delete([key for key in keys if key not in kept])
            done = {"erasure_id": erasure_id, "counts": Jsonb(counts), "pending_keys": []}
            connection.execute(names["write_receipt"], done)
    return removed


def lift(connection: Connection, erasure_id: UUID) -> None:
    """Let an erased document come back with the next sync.

    Raises:
        IngestionError: There is no such receipt, or it was lifted before.
    """
    with connection.transaction():
        if connection.execute(queries("erasure")["lift"], {"erasure_id": erasure_id}).fetchone() is None:
            raise IngestionError(f"There is no erasure {erasure_id} in force.")


def list_erasures(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the newest receipts."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("erasure")["list_erasures"], {"limit": limit}).fetchall()


def _wait_for_runs(connection: Connection, scope: dict[str, Any]) -> None:
    """Keep runs of the source from starting, and refuse while one has the document in its hands."""
    connection.execute(queries("runs")["lock_source"], scope)
    if connection.execute(queries("erasure")["running_runs"], scope).fetchone():
        raise RunAtWork(f"A run is at work on {scope['uri']}; erase it when that run has settled.")


def _erase_rows(connection: Connection, scope: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Remove every row in the caller's transaction; return counts by kind, and the keys in S3 that must follow."""
    names = queries("erasure")
    scope["chunk_ids"] = [chunk_id for (chunk_id,) in connection.execute(names["chunk_ids"], scope)]
    rivals = {document_id for (document_id,) in connection.execute(names["rivals"], scope)}
    objects = [sha256 for (sha256,) in connection.execute(names["orphaned_objects"], scope)]
    row = connection.execute(names["erase_traces"], scope).fetchone()
    counts = {"questions": row[0] if row else 0, "objects": len(objects)}
    connection.execute(queries("purge")["stage_document_versions"], scope)
    counts["chunks"] = delete_content(connection)
    for name in _ROWS:
        counts[name.partition("_")[2]] = connection.execute(names[name], scope).rowcount
    del counts["current"]
    counts["ledger_entries"] = connection.execute(names["redact_items"], scope).rowcount
    connection.execute(names["redact_reasons"], scope)
    connection.execute(names["delete_objects"], {"sha256s": objects})
    if rivals:
        serve_documents(connection, scope["tenant_id"], rivals, scope["actor"])
    # Its words leave the tenant's vocabulary as well.
    connection.execute(queries("runs")["refresh_statistics"], scope)
    return counts, list(map(raw_key, objects))
