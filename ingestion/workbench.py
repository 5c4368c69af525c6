"""What the steps work with: settings, S3, the database and the embedder, each made at first use."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import psycopg

from corpus import analysis
from corpus.cores import available_cores
from corpus.database import connect, conninfo
from corpus.embedding import Embedder
from corpus.models import load, serving_model
from corpus.objects import ObjectStore, s3_client
from ingestion import chunking, extraction, masking, parsing
from ingestion.parsing.sandbox import ParserPool, SandboxLimits
from ingestion.settings import IngestionSettings
from ingestion.sources import Source
from ingestion.validation import ValidationRules

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Progress = Callable[[int], None]
"""Called with the number of items just done."""


@dataclass(eq=False)
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
        """The model that serves, for bulk work on every core it may use."""
        with self.connect() as connection:
            return load(serving_model(connection), self.settings)

    @cached_property
    def parsers(self) -> ParserPool:
        """Confined parsers, kept warm from one batch to the next; they end with the workbench or the process."""
        limits = SandboxLimits(
            memory_bytes=self.settings.parse_memory_mb * 2**20, wall_seconds=self.settings.parse_seconds
        )
        pool = ParserPool(limits, self.settings.parse_processes or available_cores()).__enter__()
        weakref.finalize(self, pool.close)
        return pool

    def chunk_limits(self) -> chunking.ChunkLimits:
        """Return how passages are cut, in tokens of the embedder."""
        return chunking.ChunkLimits(
            window_tokens=self.settings.chunk_window_tokens,
            max_tokens=self.settings.chunk_max_tokens,
            count_tokens=self.embedder.count_tokens,
            split_sentences=analysis.sentences,
            embed=lambda texts: self.embedder.embed(texts, "passage"),
        )

    def validation_rules(self, source: Source) -> ValidationRules:
        """Return what a batch of this source must meet before it is published."""
        return ValidationRules(
            max_tokens=self.settings.chunk_max_tokens,
            dimensions=self.embedder.dimensions,
            find_pii=None if source.pii_policy == "allow" else lambda text, _kind: masking.leaks(text),
        )

    def personal_data_key(self) -> bytes:
        """Return the key of the hashes that stand for personal data; empty when none is set."""
        secret = self.settings.personal_data_key
        return secret.get_secret_value().encode() if secret else b""

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection as `regesta_ingestion`."""
        connection = connect(conninfo(self.settings, "regesta_ingestion", self.settings.ingestion_password, 600))
        connection.autocommit = True  # every transaction is opened, and so closed, where it is named
        return connection


def pipeline(source: Source, settings: IngestionSettings) -> str:
    """Return the fingerprint of everything that decides what a version looks like, models apart.

    It names versions of the code and of the libraries, and what the source's owner has chosen: a change of
    either means work for bytes that have not changed.
    """
    return ";".join(
        (
            parsing.fingerprint(),
            f"{masking.VERSION}/{source.pii_policy}",
            extraction.VERSION,
            f"{chunking.VERSION}/{source.chunking_profile}/{settings.chunk_window_tokens}-{settings.chunk_max_tokens}",
            analysis.VERSION,
            settings.duplicate_search().scheme.name,
        )
    )
