"""Documents as serving sees them: it reads them under the caller's scope, and asks ingestion for every change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row

from serving.access import Pool, Scope, scoped
from serving.errors import NotFound, NotPossible
from sql import queries

RequestKind = Literal["restore", "unpin", "retry", "release"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """What to list; None leaves a field open.

    Attributes:
        before: List what comes after the document of this id; newer documents have greater ids.
        title: Stands in the title, in whatever case and Unicode form.
    """

    limit: int
    before: UUID | None = None
    source: str | None = None
    language: str | None = None
    status: str | None = None
    title: str | None = None
    document_id: UUID | None = None


async def list_documents(pool: Pool, scope: Scope, wanted: Listing) -> list[Row]:
    """Return documents, newest first."""
    return await _rows(pool, scope, "list_documents", asdict(wanted))


async def find_document(pool: Pool, scope: Scope, document_id: UUID) -> Row:
    """Return a document and the pin in force, or raise `NotFound` when the scope may not see it."""
    found = await list_documents(pool, scope, Listing(1, document_id=document_id))
    if not found:
        raise _no_document(document_id)
    pins = await _rows(pool, scope, "pin_in_force", {"document_id": document_id})
    return {**found[0], "pin": pins[0] if pins else None}


async def list_versions(pool: Pool, scope: Scope, document_id: UUID) -> list[Row]:
    """Return a document's versions, newest first; raise `NotFound` when the scope may not see it."""
    rows = await _rows(pool, scope, "list_versions", {"document_id": document_id})
    if not rows:
        raise _no_document(document_id)
    return rows


async def list_quarantined(
    pool: Pool, scope: Scope, limit: int, before: UUID | None = None, source: str | None = None
) -> list[Row]:
    """Return versions that were kept out and not replaced since, newest first."""
    given = {"version_id": None, "limit": limit, "before": before, "source": source}
    return await _rows(pool, scope, "list_quarantined", given)


async def request(
    pool: Pool,
    scope: Scope,
    kind: RequestKind,
    document_id: UUID,
    version: int | None,
    reason: str,
    expires_at: datetime | None = None,
) -> Row:
    """Write down what ingestion is to do about a document, and wake whoever works on requests.

    Raises:
        NotFound: The scope may not see the document.
    """
    await find_document(pool, scope, document_id)
    about = {"document_id": document_id, "run_id": None, "version": version}
    return await _add_request(pool, scope, {**about, "kind": kind, "reason": reason, "expires_at": expires_at})


async def request_restored_run(pool: Pool, scope: Scope, run_id: UUID, reason: str, expires_at: datetime | None) -> Row:
    """Ask for what was served before a run, for every document it added, changed or deleted.

    Raises:
        NotFound: The scope may not see the run's source.
        NotPossible: The run has not settled.
    """
    found = await _rows(pool, scope, "find_run", {"run_id": run_id})
    if not found:
        raise NotFound(f"There is no run {run_id} of a source that this key may read.")
    if found[0]["state"] == "running":
        raise NotPossible("The run is still at work. Ask again when it has settled.")
    about = {"document_id": None, "run_id": run_id, "version": None}
    return await _add_request(pool, scope, {**about, "kind": "restore", "reason": reason, "expires_at": expires_at})


async def request_quarantined(
    pool: Pool, scope: Scope, kind: Literal["retry", "release"], version_id: UUID, reason: str
) -> Row:
    """Ask for a quarantined version to be tried again, or to be let pass.

    Raises:
        NotFound: Nothing of this id is in quarantine, as far as the scope may see.
        NotPossible: It could not be read, so there is nothing that could be let pass.
    """
    given = {"version_id": version_id, "limit": 1, "before": None, "source": None}
    found = await _rows(pool, scope, "list_quarantined", given)
    if not found:
        raise NotFound(f"There is no version {version_id} in quarantine that this key may read.")
    if kind == "release" and not found[0]["can_be_released"]:
        raise NotPossible(
            f"It was quarantined as {found[0]['reason']!r}: its content could not be used, so there is nothing to "
            "release. Replace the file, or have it tried again."
        )
    return await request(pool, scope, kind, found[0]["document_id"], found[0]["version"], reason)


async def find_request(pool: Pool, scope: Scope, request_id: UUID) -> Row:
    """Return a request about a document or a run the caller may read, or raise `NotFound`."""
    found = await _rows(pool, scope, "find_request", {"id": request_id})
    if not found:
        raise NotFound(f"There is no request {request_id}.")
    return found[0]


def actor(scope: Scope) -> str:
    """Return how a key signs what it asks for."""
    return f"api key {scope.api_key_id}"


async def _add_request(pool: Pool, scope: Scope, asked: Row) -> Row:
    row = {**asked, "tenant_id": scope.tenant_id, "actor": actor(scope)}
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("documents")["add_request"], row)
        added = await cursor.fetchone()
        await cursor.execute(queries("documents")["notify_requests"])
    assert added is not None
    return added


async def _rows(pool: Pool, scope: Scope, query: str, given: Row) -> list[Row]:
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("documents")[query], given)
        return await cursor.fetchall()


def _no_document(document_id: UUID) -> NotFound:
    return NotFound(f"There is no document {document_id} that this key may read.")
