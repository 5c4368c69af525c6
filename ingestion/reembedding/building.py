"""Build a model's vectors in batches that can be cut off anywhere, by one worker or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from corpus.embedding import Embedder
from corpus.models import Model
from ingestion.apply import with_table
from ingestion.steps import embedding_text
from sql import queries

Connection = psycopg.Connection[Any]
BATCH = 512
"""Passages per batch: what a kill can cost, some seconds of a processor."""
START = UUID(int=0)
_INDEX_SECONDS = 6 * 3600  # a vector index over some million passages


@dataclass(frozen=True)
class Batch:
    """What one batch did.

    Attributes:
        built: Passages that have a vector now and had none before.
        last: Where the next batch begins; None when there was nothing left.
    """

    built: int
    last: UUID | None


def build(
    connection: Connection,
    model: Model,
    embedder: Embedder,
    batch: int = BATCH,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Embed everything that has no vector of the model yet, and return how many passages that was.

    Passages that another worker has claimed are left to it. Publications and searches go on meanwhile.
    """
    total, last = 0, START
    while True:
        done = build_batch(connection, model, embedder, batch, last)
        if done.last is None:
            return total
        total, last = total + done.built, done.last
        progress(done.built)


def build_batch(
    connection: Connection, model: Model, embedder: Embedder, limit: int = BATCH, after: UUID = START
) -> Batch:
    """Embed the next passages, by id, that have no vector of the model and are claimed by no other worker."""
    names = queries("models")
    scope = {"model_id": model.id, "after": after, "limit": limit}
    page = connection.execute(with_table(names["claim"], model.table_name), scope).fetchall()
    ours = {row[0]: row for row in page if row[4]}
    chunk_ids = {"chunk_ids": list(ours)}
    # Looked at again under the claim: another worker may have built them since the page was read.
    before = _missing(connection, model, chunk_ids)
    connection.execute(with_table(names["copy_known"], model.table_name), chunk_ids)
    missing = _missing(connection, model, chunk_ids)
    texts = {chunk_hash: embedding_text(heading_path, text)
             for chunk_id, chunk_hash, heading_path, text, _ in ours.values() if chunk_id in missing}  # fmt: skip
    if texts:
        vectors = dict(zip(texts, embedder.embed(list(texts.values()), "passage"), strict=True))
        _insert(connection, model, [(chunk_id, vectors[ours[chunk_id][1]]) for chunk_id in missing])
    # Not in a `finally`: a builder that failed lets go with its connection, which may be what failed.
    connection.execute(names["release_claims"])
    return Batch(len(before), page[-1][0] if page else None)


def index_tenants(connection: Connection, model: Model, min_chunks: int) -> list[str]:
    """Give every tenant with that many vectors a partition and a vector index; return those that got one.

    Nobody searches a model that is being built, so this holds up no reader.
    """
    names, indexed = queries("models"), []
    for (tenant_id,) in connection.execute(with_table(names["tenants"], model.table_name)).fetchall():
        with connection.transaction():
            connection.execute("select set_config('statement_timeout', %s, true)", [f"{_INDEX_SECONDS}s"])
            scope = {"tenant_id": tenant_id, "min_chunks": min_chunks, "model_id": model.id}
            row = connection.execute(names["index_tenant"], scope).fetchone()
        if row is not None and row[0]:
            indexed.append(str(tenant_id))
    return indexed


def _missing(connection: Connection, model: Model, chunk_ids: dict[str, list[UUID]]) -> set[UUID]:
    query = with_table(queries("models")["still_missing"], model.table_name)
    return {chunk_id for (chunk_id,) in connection.execute(query, chunk_ids)}


def _insert(connection: Connection, model: Model, rows: Sequence[tuple[UUID, Any]]) -> None:
    names = queries("models")
    register_vector(connection)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(names["create_staged_embeddings"])
        with cursor.copy("copy staged_embeddings (chunk_id, embedding) from stdin with (format binary)") as copy:
            copy.set_types(["uuid", "halfvec"])
            for chunk_id, vector in rows:
                copy.write_row((chunk_id, HalfVector(vector)))
        cursor.execute(with_table(names["insert_embeddings"], model.table_name))
        cursor.execute("drop table staged_embeddings")
