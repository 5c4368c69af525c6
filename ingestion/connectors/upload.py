"""Documents people handed in: what the outbox of arrivals holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg

from corpus.objects import ObjectStore, raw_key
from ingestion.connectors.protocol import Fetched, Listed
from ingestion.errors import SourceRefused
from sql import queries


class UploadConnector:
    """One upload source. The newest arrival of a document is its state; its bytes are landed already."""

    removals_are_explicit = True

    def __init__(self, source_id: UUID, store: ObjectStore, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self.source_id = source_id
        self.store = store
        self.connect = connect

    def read(self, uri: str) -> Fetched:
        """Return the newest bytes of one document."""
        rows = self._arrived(uri)
        if not rows:
            raise SourceRefused("it has been withdrawn")
        return Fetched(self.store.get(raw_key(rows[0][1])))

    def list(self) -> Sequence[Listed]:
        """Return every document that has not been withdrawn."""
        return tuple(Listed(*row) for row in self._arrived(None))

    def _arrived(self, uri: str | None) -> Sequence[tuple[Any, ...]]:
        with self.connect() as connection:
            scope = {"source_id": self.source_id, "uri": uri}
            return connection.execute(queries("arrivals")["arrived"], scope).fetchall()
