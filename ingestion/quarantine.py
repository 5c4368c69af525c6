"""What was kept out and why: listed, tried again, or released by a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from ingestion.errors import IngestionError
from ingestion.items import Item
from ingestion.registry import show_document
from ingestion.sources import Source
from ingestion.validation import ValidationReport
from sql import queries

Connection = psycopg.Connection[Any]


def record_validation(connection: Connection, run_id: UUID, batch: int, report: ValidationReport) -> None:
    """Store what every expectation found in a batch; a repeated batch replaces its rows."""
    rows = [
        {
            "run_id": run_id,
            "batch": batch,
            "expectation": result.expectation,
            "scope": result.scope,
            "is_successful": result.is_successful,
            "element_count": result.element_count,
            "unexpected_count": result.unexpected_count,
            "details": result.details,
        }
        for result in report.results
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(queries("quarantine")["record_validation"], rows)


def waived(connection: Connection, source: Source, items: Sequence[Item]) -> set[str]:
    """Return the uris of those items whose very bytes a person has released."""
    hashes = {item.uri: item.sha256 for item in items}
    rows = connection.execute(queries("quarantine")["waivers"], {"source_id": source.id, "uris": list(hashes)})
    return {uri for uri, sha256 in rows if hashes[uri] == sha256}


def list_quarantined(connection: Connection, source: str | None, limit: int) -> list[dict[str, Any]]:
    """Return documents whose newest version is quarantined, with the reason and whether an older one is served."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("quarantine")["list_quarantined"], {"source": source, "limit": limit}).fetchall()


def recent_validations(connection: Connection) -> list[dict[str, Any]]:
    """Return what each expectation found in the newest validated run of every source, the unmet ones first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("quarantine")["recent_validations"]).fetchall()


def retry(connection: Connection, reference: str, number: int | None = None) -> dict[str, Any]:
    """Have the next sync work on a quarantined document again, although its bytes are the same.

    Args:
        number: The version that is meant; None means the newest, whichever that is.

    Raises:
        IngestionError: Nothing, or more than one document, is meant; or its newest version is not quarantined.
    """
    document = _quarantined(connection, reference, number)
    with connection.transaction():
        connection.execute(queries("quarantine")["forget_pipeline"], {"document_id": document["id"]})
    return document


def release(
    connection: Connection, reference: str, actor: str, reason: str, number: int | None = None
) -> dict[str, Any]:
    """Let a document pass validation on a person's word; the next sync publishes it.

    The release is for these bytes: an edit is validated again.

    Args:
        number: The version that is meant; None means the newest, whichever that is.

    Raises:
        IngestionError: The document is not quarantined, or its file could not be read, so there is nothing that
            could be released.
    """
    document = _quarantined(connection, reference, number)
    newest = document["versions"][0]
    if not newest["reason"].startswith("validation:"):
        raise IngestionError(
            f"{document['uri']} was quarantined as {newest['reason']!r}: its content could not be used, so there is "
            "nothing to release. Replace the file, or try it again with `regesta quarantine retry`."
        )
    scope = {"document_id": document["id"], "sha256": newest["raw_sha256"], "actor": actor, "reason": reason}
    with connection.transaction():
        connection.execute(queries("quarantine")["waive"], scope)
        connection.execute(queries("quarantine")["forget_pipeline"], scope)
    return document


def _quarantined(connection: Connection, reference: str, number: int | None) -> dict[str, Any]:
    document = show_document(connection, reference)
    if number is not None and document["versions"] and document["versions"][0]["number"] != number:
        raise IngestionError(f"v{number} of {document['uri']} is not the newest version any more.")
    if not document["versions"] or document["versions"][0]["state"] != "quarantined":
        raise IngestionError(f"The newest version of {document['uri']} is not quarantined.")
    return document
