"""What the steps work with: settings, S3, the database and the embedder, each made at first use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from corpus import analysis
from corpus.database import connect, conninfo
from corpus.embedding import Embedder, load_embedder
from corpus.objects import ObjectStore, s3_client
from ingestion import chunking, parsing, runs
from ingestion.settings import IngestionSettings
from ingestion.sources import Source, find_source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Progress = Callable[[int], None]
"""Called with the number of items just done."""


@dataclass
class Workbench:
    """What the steps work with. Connections, client and model are made at first use.

    Attributes:
        client: An S3 client; None makes one from the settings. Airflow passes its connection's.
    """

    settings: IngestionSettings
    client: S3Client | None = None
    progress: Progress = lambda _: None

    @cached_property
    def s3(self) -> S3Client:
        """The S3 client."""
        return self.client or s3_client(self.settings)

    @cached_property
    def store(self) -> ObjectStore:
        """The landing bucket."""
        return ObjectStore(self.s3, self.settings.s3_bucket)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model, for bulk work on every core it may use."""
        return load_embedder(self.settings.embedder_spec())

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection as `regesta_ingestion`."""
        connection = connect(conninfo(self.settings, "regesta_ingestion", self.settings.ingestion_password, 600))
        connection.autocommit = True  # every transaction is opened, and so closed, where it is named
        return connection

    def source_of(self, connection: psycopg.Connection[Any], run_id: str) -> Source:
        """Return the source of a run."""
        name = runs.receipt(connection, UUID(run_id)).source
        return find_source(connection, name)


def pipeline() -> str:
    """Return the fingerprint of everything that decides what a version looks like, models apart."""
    return f"{parsing.fingerprint()};{chunking.VERSION};{analysis.VERSION}"
