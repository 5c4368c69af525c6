"""Publish a batch in one transaction: readers see all of it or none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from corpus import analysis
from corpus.embedding import Embedder
from ingestion.apply import apply_registry, clock, lock_publication, serving_model, with_table
from ingestion.duplicates import DuplicateSearch, band_rows, find_duplicates, signature_columns
from ingestion.errors import IngestionError, ModelSwitched, RunSuperseded
from ingestion.items import Item
from ingestion.sources import Source
from ingestion.staging import StagedVectors, Vectors
from sql import queries

Connection = psycopg.Connection[Any]

_ITEM_COLUMNS = (
    "uri, fate, etag, byte_count, modified_at, sha256, content_hash, title, language, metadata, reason, "
    "chunks_kept, chunks_embedded, tokens_embedded, personal_data, scheme, shingle_count, min_hashes"
)
_CHUNK_COLUMNS = (
    "uri, position, chunk_hash, text, heading_path, kind, token_count, lexemes, lexeme_count, page, "
    "char_start, char_end"
)


def check_model(connection: Connection, embedder: Embedder) -> int:
    """Refuse to mix vectors of two models; return the id of the one that serves.

    Raises:
        IngestionError: The database serves another model than the one that would embed.
    """
    row = connection.execute(queries("publish")["serving_model"]).fetchone()
    ours = (embedder.name, embedder.revision, embedder.dimensions)
    if row is None or row[1:4] != ours:
        serving = f"{row[1]} ({row[2]})" if row else "no model"
        raise IngestionError(
            f"The database serves vectors of {serving}, but this step has loaded {ours[0]} ({ours[1]}). Vectors of "
            "two models cannot be compared. The model was switched meanwhile: run the step again."
        )
    return int(row[0])


def embedded_hashes(connection: Connection, tenant_id: str, hashes: Sequence[str]) -> set[str]:
    """Return those of the given chunk hashes that have a vector of the serving model in this tenant."""
    query = with_table(queries("publish")["embedded_hashes"], serving_model(connection)[1])
    rows = connection.execute(query, {"tenant_id": tenant_id, "chunk_hashes": list(hashes)})
    return {chunk_hash for (chunk_hash,) in rows}


def publish(
    connection: Connection,
    source: Source,
    run_id: UUID,
    items: Sequence[Item],
    vectors: StagedVectors,
    pipeline: str,
    duplicates: DuplicateSearch,
) -> None:
    """Make a batch current: documents, versions, chunks, vectors, live flags, history and ledger together.

    Which version of each document is served is not decided here: `marts.document_registry` says so.
    Repeating a batch that was committed changes nothing.

    Raises:
        RunSuperseded: A newer run of the source has begun.
        ModelSwitched: The vectors are of another model than the one that serves now.
    """
    names = queries("publish")
    # Text analysis takes time, which no lock should wait for.
    chunk_rows = list(_chunk_rows(items, _lexemes(connection, source.tenant_id, items)))
    with connection.transaction():
        lock_publication(connection, source.tenant_id)
        model_id, table = serving_model(connection)
        if vectors.model_id != model_id:
            raise ModelSwitched("The embedding model was switched since this batch was embedded.")
        scope: dict[str, Any] = {
            "source_id": source.id,
            "tenant_id": source.tenant_id,
            "access_groups": source.access_groups,
            "run_id": run_id,
            "pipeline": pipeline,
            "analysis": analysis.VERSION,
            "model_id": model_id,
        }
        # Read again under the lock: the source's groups may have been changed since the run began.
        row = connection.execute(names["access_groups"], scope).fetchone()
        scope["access_groups"] = row[0] if row else source.access_groups
        if connection.execute(queries("runs")["lock_running_run"], scope).fetchone() is None:
            raise RunSuperseded(
                f"Run {run_id} of source {source.name!r} was superseded by a newer run; nothing was published."
            )
        connection.execute(names["create_staged"])
        connection.execute(queries("serve")["create_staged_documents"])
        _stage(connection, items, chunk_rows, vectors.by_hash, duplicates)
        for name in ("drop_settled", "lock_documents"):
            connection.execute(names[name], scope)
        # After the locks, so that a later holder of a lock always has the later time.
        published_at = clock(connection)
        for name in ("mark_erased", "mark_stale", "upsert_documents", "delete_documents", "resolve_documents",
                     "insert_versions", "resolve_versions", "insert_chunks", "insert_version_chunks"):  # fmt: skip
            connection.execute(names[name], scope)
        connection.execute(with_table(names["insert_embeddings"], table), scope)
        find_duplicates(connection, source.tenant_id, duplicates)
        connection.execute(names["stage_documents"])
        apply_registry(connection, source.tenant_id, run_id, published_at=published_at)
        connection.execute(names["settle_items"], scope)


def _stage(
    connection: Connection,
    items: Sequence[Item],
    chunk_rows: Sequence[tuple[Any, ...]],
    vectors: Vectors,
    duplicates: DuplicateSearch,
) -> None:
    register_vector(connection)
    with connection.cursor() as cursor:
        with cursor.copy(f"copy staged_items ({_ITEM_COLUMNS}) from stdin") as copy:
            for item in items:
                copy.write_row((*_item_row(item), *signature_columns(item, duplicates.scheme)))
        with cursor.copy(f"copy staged_chunks ({_CHUNK_COLUMNS}) from stdin") as copy:
            for row in chunk_rows:
                copy.write_row(row)
        with cursor.copy("copy staged_vectors (chunk_hash, embedding) from stdin with (format binary)") as copy:
            copy.set_types(["text", "halfvec"])
            for chunk_hash, vector in vectors.items():
                copy.write_row((chunk_hash, HalfVector(vector)))
        with cursor.copy("copy staged_bands (uri, band_no, band_hash) from stdin") as copy:
            for item in items:
                for band in band_rows(item, duplicates.scheme) if fate(item) == "publish" else ():
                    copy.write_row(band)


def fate(item: Item) -> str:
    """Return what publishing does with an item: publish, quarantine, touch, remove or fail."""
    if item.change == "removed":
        return "remove"
    if item.problem is not None:
        return "quarantine" if item.problem.outcome == "quarantined" else "fail"
    return "touch" if item.is_same_content else "publish"


def _item_row(item: Item) -> tuple[Any, ...]:
    return (
        item.uri, fate(item), item.etag, item.byte_count, item.modified_at, item.sha256, item.content_hash,
        item.title, item.language, json.dumps(item.metadata), item.problem.reason if item.problem else None,
        len({chunk.chunk_hash for chunk in item.chunks}) - item.chunks_embedded, item.chunks_embedded,
        item.tokens_embedded, json.dumps(item.personal_data),
    )  # fmt: skip


def analysed_hashes(connection: Connection, tenant_id: str, hashes: Sequence[str]) -> set[str]:
    """Return those of the given chunk hashes whose words the tenant has from today's text analysis."""
    scope = {"tenant_id": tenant_id, "chunk_hashes": list(hashes), "analysis": analysis.VERSION}
    return {chunk_hash for (chunk_hash,) in connection.execute(queries("publish")["analysed_hashes"], scope)}


def _analysed_passages(connection: Connection, tenant_id: str, hashes: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return `tsvector` literal and lexeme count of those passages that the tenant has analysed, by hash."""
    rows = connection.execute(
        queries("publish")["analysed_passages"],
        {"tenant_id": tenant_id, "chunk_hashes": list(hashes), "analysis": analysis.VERSION},
    )
    return {chunk_hash: (lexemes, count) for chunk_hash, lexemes, count in rows}


def _lexemes(connection: Connection, tenant_id: str, items: Sequence[Item]) -> dict[str, tuple[str, int]]:
    """Return lexemes and their count of every passage: staged with it, known in the tenant, or found now.

    Found now are those of passages that were known when the batch was cut, and purged since.
    """
    chunks = {chunk.chunk_hash: chunk for item in items if fate(item) == "publish" for chunk in item.chunks}
    words = {
        chunk_hash: (chunk.lexemes, chunk.lexeme_count)
        for chunk_hash, chunk in chunks.items()
        if chunk.lexemes is not None
    }
    words |= _analysed_passages(connection, tenant_id, [chunk_hash for chunk_hash in chunks if chunk_hash not in words])
    lost = {chunk_hash: chunk for chunk_hash, chunk in chunks.items() if chunk_hash not in words}
    texts = (analysis.passage(chunk.heading_path, chunk.text) for chunk in lost.values())
    for chunk_hash, found in zip(lost, analysis.lexemes_of(texts), strict=True):
        words[chunk_hash] = (analysis.tsvector(found), len(found))
    return words


def _chunk_rows(items: Sequence[Item], lexemes: dict[str, tuple[str, int]]) -> Iterator[tuple[Any, ...]]:
    for item in items:
        if fate(item) != "publish":
            continue
        for position, chunk in enumerate(item.chunks):
            yield (
                item.uri, position, chunk.chunk_hash, chunk.text, list(chunk.heading_path), chunk.kind,
                chunk.token_count, *lexemes[chunk.chunk_hash], chunk.page, chunk.char_start, chunk.char_end,
            )  # fmt: skip
