"""How fast documents are taken in: parse to commit, against its parts measured alone (parse, encode, COPY)."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import psutil
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from bench.mixed_documents import Document, documents
from bench.report import Bar, report
from bench.scratch import scratch_workbench
from corpus.cores import available_cores
from ingestion import staging, steps
from ingestion.items import Item
from ingestion.sources import add_source
from ingestion.workbench import Workbench

BUCKET = "documents"
COUNT = int(os.environ.get("REGESTA_BENCH_DOCUMENTS", "60"))
"""Documents per repetition; 200 are a full batch, as runs are cut by default."""
LIMIT = 1.25
"""Parse to commit may take so much longer than its parts: they are 0.8 of it."""


@dataclass
class Measured:
    """One repetition: seconds by step and of each part alone; the same of processor time, on all cores together."""

    steps: dict[str, float] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)
    work: dict[str, float] = field(default_factory=dict)
    chunks: int = 0

    def time(self, kind: str, name: str, work: Callable[[], Any]) -> Any:
        """Do some work and take its time, as a step or as a part."""
        busy = _processor_seconds()  # first: it looks through all processes, which is no part of the work
        started = time.perf_counter()
        done = work()
        (self.steps if kind == "step" else self.parts)[name] = time.perf_counter() - started
        self.work[f"{kind} {name}"] = _processor_seconds() - busy
        return done

    @property
    def ratio(self) -> float:
        """Whole over parts."""
        return sum(self.steps.values()) / sum(self.parts.values())

    @property
    def work_ratio(self) -> float:
        """Whole over parts in processor time, which a busy machine does not change."""
        of = {kind: sum(busy for name, busy in self.work.items() if name.startswith(kind)) for kind in ("step", "part")}
        return of["step"] / of["part"]


def run(repeats: int) -> bool:
    """Take in `repeats` corpora, each a source and tenant of its own."""
    measured = []
    with scratch_workbench() as bench:
        _ingest(bench, documents(8, seed=0), Measured())  # loads every library once
        for repeat in range(repeats):
            measured.append(_measure(bench, documents(COUNT, seed=repeat + 1)))
            pages = sum(document.pages for document in documents(COUNT, seed=repeat + 1))
    whole = [sum(each.steps.values()) for each in measured]
    figures: dict[str, Any] = {
        "documents": f"{COUNT} (md, html, docx, pdf; Korean and English), {pages} pages, {measured[-1].chunks} chunks",
        "documents per second": [COUNT / seconds for seconds in whole],
        "pages per second": [pages / seconds for seconds in whole],
        "chunks per second": [each.chunks / seconds for each, seconds in zip(measured, whole, strict=True)],
        **{f"step {name}, s": [each.steps[name] for each in measured] for name in measured[0].steps},
        **{f"alone: {name}, s": [each.parts[name] for each in measured] for name in measured[0].parts},
        **{f"processor, {name}, s": [each.work[name] for each in measured] for name in measured[0].work},
        f"cores the encoder keeps busy, of {available_cores()}": [
            each.work["part encode"] / each.parts["encode"] for each in measured
        ],
        "parse to commit over its parts, in processor time": [each.work_ratio for each in measured],
    }
    ratio = statistics.median(each.ratio for each in measured)
    return report("ingest", figures, {"parse to commit over the sum of its parts": Bar(round(ratio, 3), LIMIT)})


def _measure(bench: Workbench, corpus: Sequence[Document]) -> Measured:
    """Take a corpus in, then do its parts alone on the same documents."""
    measured = Measured()
    items, vectors = _ingest(bench, corpus, measured)
    _parts(bench, corpus, items, vectors, measured)
    return measured


def _ingest(bench: Workbench, corpus: Sequence[Document], measured: Measured) -> tuple[list[Item], staging.Vectors]:
    source = f"ingest-{uuid4().hex[:8]}"
    with bench.connect() as connection:
        add_source(connection, source, f"s3://{BUCKET}/{source}/", tenant_id=source)
    for document in corpus:
        bench.s3.put_object(Bucket=BUCKET, Key=f"{source}/{document.name}", Body=document.data)
    run_id, [key] = steps.discover(bench, source, "local", f"bench__{uuid4()}")
    key = steps.land(bench, key)
    for name, step in steps.BATCH_STEPS[1:]:
        key = measured.time("step", name, partial(step, bench, key))
    items, vectors = staging.read_items(bench.store, key), staging.read_vectors(bench.store, key).by_hash
    receipt = steps.settle(bench, run_id)
    assert receipt.indexed + receipt.duplicate == len(corpus), receipt
    measured.chunks = sum(len(item.chunks) for item in items)
    return items, vectors


def _parts(
    bench: Workbench, corpus: Sequence[Document], items: Sequence[Item], vectors: staging.Vectors, measured: Measured
) -> None:
    media_types = {item.uri.rpartition("/")[2]: item.media_type or "" for item in items}

    def parse() -> None:
        with ThreadPoolExecutor(bench.parsers.size) as threads:
            list(threads.map(lambda document: bench.parsers.parse(document.data, media_types[document.name]), corpus))

    texts = {chunk.chunk_hash: steps.embedding_text(chunk.heading_path, chunk.text)
             for item in items for chunk in item.chunks}  # fmt: skip
    measured.time("part", "parse", parse)
    measured.time("part", "encode", lambda: bench.embedder.embed(list(texts.values()), "passage"))
    measured.time("part", "COPY", lambda: _copy(bench, items, vectors))


def _copy(bench: Workbench, items: Sequence[Item], vectors: staging.Vectors) -> None:
    """Write the rows that publishing writes, by COPY into tables without an index."""
    with bench.connect() as connection, connection.transaction():
        register_vector(connection)
        cursor = connection.cursor()
        connection.execute(
            "create temporary table copied_passages (uri text, position integer, hash text, text text, path text[])"
        )
        connection.execute("create temporary table copied_vectors (hash text, embedding halfvec)")
        with cursor.copy("copy copied_passages from stdin") as copy:
            for item in items:
                for position, chunk in enumerate(item.chunks):
                    copy.write_row((item.uri, position, chunk.chunk_hash, chunk.text, list(chunk.heading_path)))
        with cursor.copy("copy copied_vectors from stdin with (format binary)") as copy:
            copy.set_types(["text", "halfvec"])
            for chunk_hash, vector in vectors.items():
                copy.write_row((chunk_hash, HalfVector(vector)))
        connection.execute("drop table copied_passages, copied_vectors")


def _processor_seconds() -> float:
    """Return what this process and all it started have used: parsers, Postgres and the object store as well."""
    busy = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            busy += times.user + times.system + times.children_user + times.children_system
    return busy
