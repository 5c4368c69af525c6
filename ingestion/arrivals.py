"""The outbox, as ingestion sees it: which sources have something waiting, and what a run has dealt with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from sql import queries

Connection = psycopg.Connection[Any]


def waiting_sources(connection: Connection) -> list[str]:
    """Return the enabled sources with arrivals that no run has settled."""
    return [name for name, _ in connection.execute(queries("arrivals")["waiting_arrivals"])]


def settle_arrivals(connection: Connection, run_id: UUID) -> int:
    """Mark the arrivals a run has dealt with, and return how many; call it after the run was settled.

    A run has seen everything that arrived before it began: whoever hands something in holds a lock on the
    source from before the arrival's time until it is committed, and a run begins under the same lock. Later
    arrivals, those of a run that failed, and those whose document failed go on waiting.
    """
    with connection.transaction():
        return connection.execute(queries("arrivals")["settle_arrivals"], {"run_id": run_id}).rowcount
