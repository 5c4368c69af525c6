"""The registry: documents by filter, and one document with its versions, its history and what can be done."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import psycopg
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from regesta_page.access import VisitorDep
from regesta_page.database import connection
from regesta_page.outcome import take_outcome
from regesta_page.rendering import page

PAGE_SIZE = 50
HISTORY = 100
router = APIRouter()
Text = Annotated[str, Query(max_length=500)]


@router.get("/documents", response_class=HTMLResponse)
def listing(
    request: Request, visitor: VisitorDep, source: Text = "", status: Text = "", text: Text = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:  # fmt: skip
    """List documents by source, status, and what stands in their address or title."""
    from ingestion.registry import STATUSES, DocumentFilter, count_documents, list_documents
    from ingestion.sources import list_sources

    # Postgres knows no NUL in a text, so nothing can match one.
    source, text = source.replace("\0", ""), text.replace("\0", "").strip()
    status = status if status in STATUSES else ""
    wanted = DocumentFilter(source=source or None, status=status or None, text=text or None)
    with connection() as opened:
        total = count_documents(opened, wanted)
        pages = max(1, -(-total // PAGE_SIZE))
        number = min(number, pages)
        rows = list_documents(opened, wanted, PAGE_SIZE, (number - 1) * PAGE_SIZE)
        sources = [row["name"] for row in list_sources(opened)]
    given = {"source": source, "status": status, "text": text}
    return page(
        request, "documents.html", visitor=visitor, documents=rows, total=total, number=number, pages=pages,
        first=(number - 1) * PAGE_SIZE + 1, sources=sources, statuses=STATUSES, given=given,
        query={name: value for name, value in given.items() if value},
    )  # fmt: skip


@router.get("/documents/{document_id}", response_class=HTMLResponse)
def detail(
    request: Request, visitor: VisitorDep, document_id: UUID, version: Annotated[int | None, Query(ge=1)] = None
) -> HTMLResponse:
    """Show one document; of its versions, what is known about the one asked for, else the served or newest."""
    with connection() as opened:
        shown = read(opened, document_id, version)
    outcome, forget = take_outcome(request, document_id)
    answer = page(request, "document.html", visitor=visitor, outcome=outcome, **shown)
    forget(answer)
    return answer


def read(opened: psycopg.Connection[Any], document_id: UUID, number: int | None = None) -> dict[str, Any]:
    """Read one document with everything its page shows; 404 when it is not there."""
    from ingestion.errors import IngestionError
    from ingestion.registry import pin_in_force, publication_history, show_document

    try:
        document = show_document(opened, str(document_id))
    except IngestionError as error:
        raise HTTPException(404) from error
    versions = document["versions"]
    served = [version for version in versions if version["id"] == document["current_version_id"]]
    chosen = [version for version in versions if version["number"] == number]
    return {
        "document": document,
        "pin": pin_in_force(opened, document_id),
        "history": publication_history(opened, document_id, HISTORY),
        "described": next(iter([*chosen, *served, *versions]), None),
    }
