"""The overview: what needs a person first, then what runs did, what is served in place of what, and the sources."""

from __future__ import annotations

from typing import Any

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from regesta_page.access import VisitorDep
from regesta_page.database import connection
from regesta_page.rendering import page

SHOWN = 50
"""Rows of each table; the command line lists all."""
RUNS = 25
router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def show(request: Request, visitor: VisitorDep) -> HTMLResponse:
    """Show how the corpus is doing."""
    with connection() as opened:
        return page(request, "overview.html", visitor=visitor, shown=SHOWN, **read(opened))


def read(opened: psycopg.Connection[Any]) -> dict[str, Any]:
    """Read what the overview shows; of each list one row more than is shown, to tell whether there are more."""
    from ingestion.erasure import list_erasures
    from ingestion.quarantine import list_quarantined, recent_validations
    from ingestion.runs import recent_problems, recent_runs
    from ingestion.sources import list_sources
    from ingestion.versions import list_pins

    validations = recent_validations(opened)
    return {
        # What is quarantined has a table of its own, with documents of earlier runs in it.
        "problems": [row for row in recent_problems(opened, SHOWN + 1) if row["outcome"] == "failed"],
        "quarantined": list_quarantined(opened, None, SHOWN + 1),
        "unmet": [row for row in validations if not row["is_successful"]],
        "met": [row for row in validations if row["is_successful"]],
        "runs": recent_runs(opened, RUNS),
        "sources": list_sources(opened),
        "pins": list_pins(opened),
        "duplicates": _duplicates(opened),
        "erasures": list_erasures(opened, SHOWN + 1),
    }


def _duplicates(opened: psycopg.Connection[Any]) -> list[dict[str, Any]] | None:
    """Return who gives way to whom, or None as long as dbt has not built the view that decides it."""
    from ingestion.registry import list_duplicates

    try:
        return list_duplicates(opened, SHOWN + 1)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege):
        return None
