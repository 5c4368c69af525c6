"""The page's connection: that of ingestion, with limits a person at a browser can wait for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

STATEMENT_SECONDS = 60
LOCK_SECONDS = 10
"""How long to wait for a run that is publishing; then the person is told to try again."""


@contextmanager
def connection() -> Iterator[psycopg.Connection[Any]]:
    """Open a connection as `regesta_ingestion`; without embedder, parsers or S3, which a page does not need.

    Raises:
        DatabaseUnavailable: Postgres could not be reached.
    """
    from corpus.database import connect, conninfo
    from ingestion.settings import IngestionSettings

    settings = IngestionSettings()
    info = conninfo(settings, "regesta_ingestion", settings.ingestion_password, STATEMENT_SECONDS)
    with connect(info) as opened:
        opened.autocommit = True  # every transaction is opened, and so closed, where it is named
        opened.execute("select set_config('lock_timeout', %s, false)", [f"{LOCK_SECONDS}s"])
        yield opened
