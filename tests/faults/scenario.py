"""A source before and after a night in which everything happens to it, and what must be stored then."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from ingestion.reconciliation import Discrepancy, reconcile
from ingestion.settings import IngestionSettings
from tests.faults.step_runner import FaultyWorkbench

SOURCE = "night"
_WORDS = "key room guest lamp paper 문서 규정 휴가 보안 회의 예산 출장 비밀번호 table river stone 창문 의자".split()  # noqa: SIM905


def _text(seed: int, paragraphs: int = 12) -> str:
    generator = random.Random(seed)
    lines = [" ".join(generator.choices(_WORDS, k=40)) + f" {seed}-{number}." for number in range(paragraphs)]
    return f"# Document {seed}\n\n" + "\n\n".join(lines)


BEFORE: dict[str, bytes] = {
    "edited.md": _text(1).encode(),
    "deleted.md": _text(2).encode(),
    "unchanged.md": _text(3).encode(),
    "그대로.md": _text(4).encode(),
    "spoiled.md": _text(5).encode(),
}
AFTER: dict[str, bytes] = {
    "edited.md": _text(1).replace("1-1.", "1-1, edited.").encode(),
    "unchanged.md": BEFORE["unchanged.md"],
    "그대로.md": BEFORE["그대로.md"],
    "spoiled.md": b"\x00\x01 no text any more",
    "새것.html": f"<html><body><h1>새 문서</h1><p>{_text(6)}</p></body></html>".encode(),
    "copy of unchanged.md": BEFORE["unchanged.md"] + b"\n",
    "junk.pdf": bytes(range(256)) * 8,
    "empty.txt": b"",
}
"""An edit, a deletion, new documents, a duplicate, three to be quarantined, and two that are unchanged."""


@dataclass(frozen=True)
class World:
    """A database and a landing bucket of one try; the source's own bucket is everybody's."""

    settings: IngestionSettings
    bucket: str

    @cached_property
    def bench(self) -> FaultyWorkbench:
        """A workbench for what is done without faults."""
        return FaultyWorkbench(self.settings)

    def uri(self, name: str) -> str:
        """Return the address of a document of the source."""
        return f"s3://{self.bucket}/{SOURCE}/{name}"

    def discrepancies(self) -> list[Discrepancy]:
        """Reconcile without any grace: nothing is at work."""
        with self.bench.connect() as connection:
            return reconcile(connection, self.bench.store, timedelta(0))

    def state(self) -> dict[str, list[Any]]:
        """Return everything that is stored, without what differs between any two tries: ids and times."""
        with self.bench.connect() as connection:
            return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in STATE.items()}  # type: ignore[call-overload]

    def ledger(self, run_id: str) -> list[Any]:
        """Return the outcomes of one run."""
        with self.bench.connect() as connection:
            return connection.execute(
                "select uri, outcome, reason, chunks_kept, chunks_embedded, tokens_embedded"
                " from landing.run_items where run_id = %s order by uri",
                [run_id],
            ).fetchall()


STATE = {
    "documents": "select d.uri, d.status, d.title, d.etag, d.byte_count, d.modified_at, d.access_groups, v.number"
    " from corpus.documents as d left join corpus.versions as v on v.id = d.current_version_id",
    "versions": "select d.uri, v.number, v.state, v.reason, v.raw_sha256, v.content_hash, v.pipeline, v.title,"
    " v.language, v.metadata::text, v.personal_data::text"
    " from corpus.versions as v join corpus.documents as d on d.id = v.document_id",
    "places": "select d.uri, v.number, p.position, c.chunk_hash, c.is_live, p.page, p.char_start, p.char_end,"
    " c.lexemes::text, md5(e.embedding::text)"
    " from corpus.version_chunks as p join corpus.versions as v on v.id = p.version_id"
    " join corpus.documents as d on d.id = v.document_id join corpus.chunks as c on c.id = p.chunk_id"
    " left join corpus.embeddings_1 as e on e.chunk_id = c.id",
    "passages": "select d.uri, c.chunk_hash, c.is_live, c.access_groups"
    " from corpus.chunks as c join corpus.documents as d on d.id = c.document_id",
    "publications": "select d.uri, v.number, upper_inf(p.valid), p.reason from corpus.publications as p"
    " join corpus.documents as d on d.id = p.document_id join corpus.versions as v on v.id = p.version_id",
    "pins": "select d.uri, v.number, p.released_at is null from corpus.pins as p"
    " join corpus.documents as d on d.id = p.document_id left join corpus.versions as v on v.id = p.version_id",
    "signatures": "select d.uri, v.number, md5(s.min_hashes), count(b.band_no) from corpus.signatures as s"
    " join corpus.versions as v on v.id = s.version_id join corpus.documents as d on d.id = v.document_id"
    " left join corpus.signature_bands as b on b.version_id = v.id group by 1, 2, 3",
    "similarities": "select least(one.uri, other.uri), greatest(one.uri, other.uri), s.similarity, s.method"
    " from corpus.similarities as s join corpus.documents as one on one.id = s.document_id"
    " join corpus.documents as other on other.id = s.other_document_id",
    "objects": "select sha256, byte_count, deleted_at is null from landing.objects",
    "erasures": "select uri_sha256, counts - 'ledger_entries', cardinality(pending_keys) from landing.erasures",
    "statistics": "select tenant_id, lexeme, chunk_count from corpus.lexeme_statistics",
}


def copy_world(admin: str, origin: World, client: Any, bucket: str) -> World:
    """Copy a world's database, to which nobody may be connected, and its objects into a bucket that is emptied."""
    name = f"faults_{uuid4().hex[:12]}"
    template = origin.settings.database_url.rpartition("/")[2]
    with psycopg.connect(admin, autocommit=True) as connection:
        copied = sql.SQL("create database {} template {} owner regesta_owner")
        connection.execute(copied.format(sql.Identifier(name), sql.Identifier(template)))
        allowed = sql.SQL("grant connect, temporary on database {} to regesta_ingestion")
        connection.execute(allowed.format(sql.Identifier(name)))
    url = f"{origin.settings.database_url.rpartition('/')[0]}/{name}"
    world = World(origin.settings.model_copy(update={"database_url": url, "s3_bucket": bucket}), origin.bucket)
    store = world.bench.store
    store.delete(list(store.keys("")))
    for key in origin.bench.store.keys(""):
        client.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": origin.settings.s3_bucket, "Key": key})
    return world


def drop_world(admin: str, world: World) -> None:
    """Drop a copy's database."""
    with psycopg.connect(admin, autocommit=True) as connection:
        name = sql.Identifier(world.settings.database_url.rpartition("/")[2])
        connection.execute(sql.SQL("drop database {} with (force)").format(name))
