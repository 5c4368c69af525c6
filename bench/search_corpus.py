"""Put a set of passages and their vectors into the real tables by COPY, as publishing would have left them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql

from corpus import analysis
from ingestion.sources import add_source

GROUPS = ["everyone"]
_COLUMNS = {
    "documents": "id tenant_id source_id uri title access_groups",
    "versions": "id document_id tenant_id number raw_sha256 pipeline title language metadata state run_id",
    "chunks": "id document_id tenant_id access_groups chunk_hash text kind token_count lexemes lexeme_count analysis"
    " is_live",
    "version_chunks": "version_id position chunk_id tenant_id",
    "embeddings_1": "tenant_id chunk_id document_id access_groups is_live embedding",
}


def load_passages(
    connection: psycopg.Connection[Any], tenant: str, texts: Sequence[str], vectors: NDArray[np.float32]
) -> list[UUID]:
    """Store every text as a document of one passage; return the passages' ids in order.

    Every 100th document carries the tag `percent-1`, every tenth `percent-10`, to filter by.
    """
    source = add_source(connection, tenant, f"s3://bench/{tenant}/", tenant)
    run = connection.execute(
        "insert into landing.runs (source_id, trigger, dag_run_id) values (%s, 'local', %s) returning id",
        [source.id, tenant],
    ).fetchone()
    assert run
    sha256 = hashlib.sha256(tenant.encode()).hexdigest()
    connection.execute(
        "insert into landing.objects (sha256, s3_key, byte_count, media_type) values (%s, %s, 1, 'text/plain')",
        [sha256, f"raw/{sha256}"],
    )
    ids = [(uuid4(), uuid4(), uuid4()) for _ in texts]
    documents = (
        "documents",
        ((doc, tenant, source.id, f"s3://bench/{tenant}/{n}", str(n), GROUPS) for n, (doc, _, _) in enumerate(ids)),
    )
    _copy(connection, *documents)
    _copy(
        connection,
        "versions",
        (
            (version, doc, tenant, 1, sha256, "bench", str(n), analysis.language(texts[n]), _tags(n), "current", run[0])
            for n, (doc, version, _) in enumerate(ids)
        ),
    )
    _copy(connection, "chunks", (_chunk(ids[n], tenant, text) for n, text in enumerate(texts)))
    _copy(connection, "version_chunks", ((version, 0, chunk, tenant) for _, version, chunk in ids))
    _copy(
        connection,
        "embeddings_1",
        ((tenant, chunk, doc, GROUPS, True, HalfVector(vectors[n]).to_text()) for n, (doc, _, chunk) in enumerate(ids)),
    )
    connection.execute(
        "update corpus.documents as d set current_version_id = v.id from corpus.versions as v"
        " where v.document_id = d.id and d.tenant_id = %s",
        [tenant],
    )
    connection.execute("select corpus.refresh_statistics(%s)", [tenant])
    return [chunk for _, _, chunk in ids]


def _chunk(ids: tuple[UUID, UUID, UUID], tenant: str, text: str) -> tuple[Any, ...]:
    document, _, chunk = ids
    vector, length = _words(text)
    return (chunk, document, tenant, GROUPS, str(chunk), text, "text", 1, vector, length, analysis.VERSION, True)


@lru_cache(maxsize=10_000)  # a large set is made by repeating a small one's texts
def _words(text: str) -> tuple[str, int]:
    words = analysis.lexemes(text)
    return analysis.tsvector(words), len(words)


def _tags(number: int) -> str:
    tags = [f'"percent-{share}"' for share in (1, 10) if number % (100 // share) == 0]
    return f'{{"tags": [{", ".join(tags)}]}}'


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows beside the table and insert them: COPY itself does not go through row-level security."""
    columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS[table].split()))
    target = sql.Identifier("corpus", table)
    make = sql.SQL("create temporary table staged as select {} from {} with no data")
    with connection.cursor() as cursor:
        cursor.execute(make.format(columns, target))
        with cursor.copy("copy staged from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(sql.SQL("insert into {} ({}) select * from staged").format(target, columns))
        cursor.execute("drop table staged")
