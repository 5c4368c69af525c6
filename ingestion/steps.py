"""The steps of a run: the thin shell that connects the pure parts to S3, the database and the embedder.

Every step takes the key of a staged batch and returns the key it leaves behind. Every step can be killed
anywhere and run again with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from corpus import analysis
from corpus.objects import raw_key
from ingestion import chunking, parsing, publishing, runs, staging
from ingestion.changes import check_shrinkage, detect_changes
from ingestion.errors import IngestionError, RunSuperseded, Unparseable
from ingestion.items import Item, Parsed, Problem, batches
from ingestion.listing import file_name, list_s3, read_s3
from ingestion.parsing.media_types import media_type
from ingestion.runs import Receipt
from ingestion.sources import find_source, list_sources
from ingestion.workbench import Workbench, pipeline
from sql import queries


def enabled_sources(bench: Workbench) -> list[str]:
    """Return the names of the sources the nightly sync covers."""
    with bench.connect() as connection:
        return [row["name"] for row in list_sources(connection) if row["is_enabled"]]


def discover(
    bench: Workbench, source_name: str, trigger: str, dag_run_id: str, confirm_removals: bool = False
) -> tuple[str, list[str]]:
    """Open a run, list the source, compare with the registry; return the run and its staged batches.

    Nothing is downloaded. A source that cannot be listed fails its run with the reason.
    """
    with bench.connect() as connection:
        source = find_source(connection, source_name)
        run_id, state = runs.open_run(connection, source, trigger, dag_run_id)
        if state != "running":
            raise RunSuperseded(f"Run {run_id} of {source_name!r} is closed already; start a new one.")
        try:
            known = runs.known_documents(connection, source)
            items = detect_changes(list_s3(bench.s3, source.uri), known, pipeline())
            check_shrinkage(items, confirm_removals)
        except IngestionError as error:
            runs.fail_run(connection, run_id, str(error))
            raise
        runs.record_discovery(connection, run_id, items, known)
    work = [item for item in items if item.change != "unchanged"]
    keys = []
    for number, batch in enumerate(batches(work, bench.settings.batch_size, bench.settings.max_batches)):
        key = staging.batch_key(str(run_id), number, "discovered")
        keys.append(staging.write_items(bench.store, key, batch))
    return str(run_id), keys


def land(bench: Workbench, key: str) -> str:
    """Copy raw bytes into the landing bucket under their hash; bytes that are there are not written twice."""
    items = staging.read_items(bench.store, key)
    with ThreadPoolExecutor(bench.settings.land_threads) as pool:
        for _ in pool.map(lambda item: _land_one(bench, item), items):
            bench.progress(1)
    landed = [
        {
            "sha256": item.sha256,
            "s3_key": raw_key(item.sha256),
            "byte_count": item.byte_count,
            "media_type": item.media_type,
        }
        for item in items
        if item.sha256
    ]
    with bench.connect() as connection, connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(queries("runs")["land_objects"], landed)
    return staging.write_items(bench.store, staging.next_key(key, "landed"), items)


def _land_one(bench: Workbench, item: Item) -> None:
    from botocore.exceptions import ClientError

    if not item.is_pending:
        return
    limit = bench.settings.max_document_bytes
    if (item.byte_count or 0) > limit:
        item.problem = Problem("failed", f"too_large: {item.byte_count} bytes, the limit is {limit}")
        return
    try:
        data = read_s3(bench.s3, item.uri)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        item.problem = Problem("failed", f"unreadable: the source answered {code}")
        return
    item.sha256 = bench.store.land(data)
    item.byte_count = len(data)
    item.media_type = media_type(file_name(item.uri), data)
    item.is_same_content = item.sha256 == item.known_sha256 and item.known_pipeline == pipeline()


def parse(bench: Workbench, key: str) -> str:
    """Turn raw bytes into elements; a document that cannot be parsed is quarantined, the run goes on."""
    items = staging.read_items(bench.store, key)
    for item in items:
        if item.is_pending and item.sha256 and item.media_type:
            try:
                item.parsed = parsing.parse(bench.store.get(raw_key(item.sha256)), item.media_type)
            except Unparseable as error:
                item.problem = Problem("quarantined", str(error))
        bench.progress(1)
    return staging.write_items(bench.store, staging.next_key(key, "parsed"), items)


def chunk(bench: Workbench, key: str) -> str:
    """Cut documents into passages and find their title and language."""
    items = staging.read_items(bench.store, key)
    limits = chunking.ChunkLimits(
        window_tokens=bench.settings.chunk_window_tokens,
        max_tokens=bench.settings.chunk_max_tokens,
        count_tokens=bench.embedder.count_tokens,
        split_sentences=analysis.sentences,
    )
    for item in items:
        if item.is_pending and item.parsed:
            _chunk_one(item, item.parsed, limits)
        bench.progress(1)
    return staging.write_items(bench.store, staging.next_key(key, "chunked"), items)


def _chunk_one(item: Item, parsed: Parsed, limits: chunking.ChunkLimits) -> None:
    text = chunking.normalised_text(parsed.elements)
    headings = [element.text for element in parsed.elements if element.kind == "heading" and element.level == 1]
    item.chunks = tuple(chunking.chunk(parsed.elements, limits))
    item.content_hash = chunking.chunk_hash("document", (), text)
    item.title = (headings[:1] or [parsed.title or file_name(item.uri)])[0]
    item.language = analysis.language(text)
    item.metadata = parsed.metadata
    item.parsed = None
    if not item.chunks:
        item.problem = Problem("quarantined", "empty: the document has no passage of text")


def embed(bench: Workbench, key: str) -> str:
    """Embed the passages that have no vector yet: an update costs what the edit costs."""
    items = staging.read_items(bench.store, key)
    texts = {chunk.chunk_hash: embedding_text(chunk.heading_path, chunk.text)
             for item in items if item.is_pending for chunk in item.chunks}  # fmt: skip
    with bench.connect() as connection:
        publishing.check_model(connection, bench.embedder)
        source = bench.source_of(connection, staging.run_of(key))
        known = publishing.embedded_hashes(connection, source.tenant_id, list(texts))
    missing = [chunk_hash for chunk_hash in texts if chunk_hash not in known]
    vectors: staging.Vectors = {}
    if missing:
        rows = bench.embedder.embed([texts[chunk_hash] for chunk_hash in missing], "passage")
        vectors = dict(zip(missing, rows, strict=True))
    _count_embedded(items, set(missing))
    bench.progress(len(items))
    staging.write_vectors(bench.store, key, vectors)
    return staging.write_items(bench.store, staging.next_key(key, "embedded"), items)


def embedding_text(heading_path: Sequence[str], text: str) -> str:
    """Return what the embedder sees of a passage: its headings give the words its text may lack."""
    return "\n".join(filter(None, (" > ".join(heading_path), text)))


def _count_embedded(items: Sequence[Item], missing: set[str]) -> None:
    """Charge every embedded passage to the first document that needed it."""
    for item in items:
        charged = {chunk.chunk_hash: chunk.token_count for chunk in item.chunks if chunk.chunk_hash in missing}
        missing -= charged.keys()
        item.chunks_embedded, item.tokens_embedded = len(charged), sum(charged.values())


def publish(bench: Workbench, key: str) -> str:
    """Make the batch what readers see, in one transaction."""
    items = staging.read_items(bench.store, key)
    vectors = staging.read_vectors(bench.store, key)
    run_id = staging.run_of(key)
    with bench.connect() as connection:
        source = bench.source_of(connection, run_id)
        publishing.publish(connection, source, UUID(run_id), items, vectors, pipeline())
    bench.progress(len(items))
    return key


def settle(bench: Workbench, run_id: str) -> Receipt:
    """Close the run and return its receipt; the caller fails loudly when `state` is not `succeeded`."""
    with bench.connect() as connection:
        return runs.settle_run(connection, UUID(run_id), bench.settings.tenant_partition_chunks)


def problems(bench: Workbench, run_id: str) -> list[dict[str, Any]]:
    """Return what a run quarantined or failed, with the reasons."""
    with bench.connect() as connection:
        return runs.problems(connection, UUID(run_id))


def settle_dag_run(bench: Workbench, dag_run_id: str) -> list[Receipt]:
    """Close every run a DAG run opened, also those whose batches failed."""
    with bench.connect() as connection:
        rows = connection.execute(queries("runs")["runs_of_dag_run"], {"dag_run_id": dag_run_id}).fetchall()
    return [settle(bench, str(run_id)) for run_id, _ in rows]


BATCH_STEPS: tuple[tuple[str, Callable[[Workbench, str], str]], ...] = (
    ("land", land),
    ("parse", parse),
    ("chunk", chunk),
    ("embed", embed),
    ("publish", publish),
)
"""What every batch goes through, in order."""


def item_count(bench: Workbench, key: str) -> int:
    """Return how many items a staged batch holds."""
    return len(staging.read_items(bench.store, key))
