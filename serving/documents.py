"""Documents as serving sees them: it reads their versions, and asks ingestion for changes by writing a row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from serving.access import Pool, Scope, scoped
from serving.errors import NotFound
from sql import queries


async def list_versions(pool: Pool, scope: Scope, document_id: UUID) -> list[dict[str, Any]]:
    """Return a document's versions, newest first; raise `NotFound` when the scope may not see it."""
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("serving")["list_versions"], {"document_id": document_id})
        rows = await cursor.fetchall()
    if not rows:
        raise NotFound(f"There is no document {document_id} that this key may read.")
    return rows


async def request_restore(
    pool: Pool, scope: Scope, document_id: UUID, version: int | None, reason: str
) -> dict[str, Any]:
    """Write down that an earlier version is to be served, and wake whoever works on requests."""
    await list_versions(pool, scope, document_id)
    row = {
        "tenant_id": scope.tenant_id,
        "document_id": document_id,
        "version_number": version,
        "actor": f"api key {scope.api_key_id}",
        "reason": reason,
    }
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("serving")["add_request"], row)
        added = await cursor.fetchone()
        await cursor.execute(queries("serving")["notify_requests"])
    assert added is not None
    return {**added, "document_id": document_id, "version": version}


async def find_request(pool: Pool, scope: Scope, request_id: UUID) -> dict[str, Any]:
    """Return a request of the caller's tenant, or raise `NotFound`."""
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("serving")["find_request"], {"id": request_id})
        found = await cursor.fetchone()
    if found is None:
        raise NotFound(f"There is no request {request_id}.")
    return found
