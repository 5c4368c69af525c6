"""The steps of a run: the thin shell that connects the pure parts to S3, the database and the embedder.

Every step takes the key of a staged batch and returns the key it leaves behind. Every step can be killed
anywhere and run again with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg

from corpus.media_types import media_type
from corpus.objects import raw_key
from ingestion import arrivals, publishing, quarantine, runs, staging, validation
from ingestion.apply import serving_model
from ingestion.changes import check_shrinkage, detect_changes
from ingestion.connectors import Connector, connector_for, file_name
from ingestion.errors import IngestionError, ModelSwitched, RunSuperseded, SourceUnavailable, ValidationFailed
from ingestion.items import Item, Parsed, Problem, batches
from ingestion.preparing import (
    Policy,
    analyse_items,
    chunk_item,
    describe_item,
    korean_last,
    mask_item,
    parse_item,
    reading_ahead,
    windows,
)
from ingestion.runs import Receipt
from ingestion.sources import Source, find_source, list_sources
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
        run_id, state, _ = runs.open_run(connection, source, trigger, dag_run_id)
        if state != "running":
            raise RunSuperseded(f"Run {run_id} of {source_name!r} is closed already; start a new one.")
        try:
            known = runs.known_documents(connection, source)
            connector = connector_for(source, bench)
            items = detect_changes(connector.list(), known, pipeline(source, bench.settings))
            check_shrinkage(items, confirm_removals or connector.removals_are_explicit)
        except IngestionError as error:
            runs.fail_run(connection, run_id, str(error))
            raise
        erased = runs.erased_uris(connection, source, [item.uri for item in items])
        runs.record_discovery(connection, run_id, items, known, erased)
        _delete_leftovers(bench, connection)
    work = [item for item in items if item.change != "unchanged" and item.uri not in erased]
    keys = []
    for number, batch in enumerate(batches(work, bench.settings.batch_size, bench.settings.max_batches)):
        key = staging.batch_key(str(run_id), number, "discovered")
        keys.append(staging.write_items(bench.store, key, batch))
    return str(run_id), keys


def _delete_leftovers(bench: Workbench, connection: psycopg.Connection[Any]) -> None:
    """Delete what closed runs have staged: they were superseded, or killed before they could do it themselves."""
    staged = {staging.run_of(key) for key in bench.store.keys("runs/")}  # listed first: a run opened later is not in it
    rows = connection.execute("select id::text from landing.runs where state = 'running'")
    for run_id in staged - {run_id for (run_id,) in rows}:
        staging.delete_run(bench.store, run_id)


def land(bench: Workbench, key: str) -> str:
    """Copy raw bytes into the landing bucket under their hash; bytes that are there are not written twice."""
    with bench.connect() as connection:
        source, items = _take(bench, connection, key)
    connector, fingerprint = connector_for(source, bench), pipeline(source, bench.settings)
    with ThreadPoolExecutor(bench.settings.land_threads) as pool:
        for _ in pool.map(lambda item: _land_one(bench, connector, item, fingerprint), items):
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


def _land_one(bench: Workbench, connector: Connector, item: Item, fingerprint: str) -> None:
    if not item.is_pending:
        return
    limit = bench.settings.max_document_bytes
    if (item.byte_count or 0) > limit:
        item.problem = Problem("failed", f"too_large: {item.byte_count} bytes, the limit is {limit}")
        return
    try:
        fetched = connector.read(item.uri)
    except SourceUnavailable as error:
        item.problem = Problem("failed", f"unreadable: {error}")
        return
    item.sha256 = bench.store.land(fetched.data)
    item.byte_count = len(fetched.data)
    item.media_type = fetched.media_type or media_type(file_name(item.uri), fetched.data)
    item.is_same_content = item.sha256 == item.known_sha256 and item.known_pipeline == fingerprint


def parse(bench: Workbench, key: str) -> str:
    """Turn raw bytes into elements without personal data; what cannot be parsed is quarantined, the run goes on.

    Files are opened in confined child processes only, several at a time.
    """
    with bench.connect() as connection:
        source, items = _take(bench, connection, key)
    policy = Policy.of(source, bench.personal_data_key())

    def parse_one(item: Item) -> Parsed | None:
        if item.is_pending and item.sha256:
            return parse_item(item, bench.store.get(raw_key(item.sha256)), bench.parsers.parse)
        return None

    with ThreadPoolExecutor(2 * bench.parsers.size) as threads:  # one fetches while a child of another is at work
        # Here, not in the threads: language models are not made for being used by several at once.
        for item, parsed in zip(items, threads.map(parse_one, items), strict=True):
            if parsed is not None:
                mask_item(item, parsed, policy)
            bench.progress(1)
    return staging.write_items(bench.store, staging.next_key(key, "parsed"), items)


def chunk(bench: Workbench, key: str) -> str:
    """Describe documents, cut them into passages, sign their text and find the words of what is new in it.

    All of it reads morphemes and words, so it is one step: every text is read once, in one process.
    """
    with bench.connect() as connection:
        source, items = _take(bench, connection, key)
        policy, scheme = Policy.of(source, bench.personal_data_key()), bench.settings.duplicate_search().scheme
        pending = [item for item in items if item.is_pending]
        bench.progress(len(items) - len(pending))
        for window in windows(pending):
            with reading_ahead(window):
                documents = [(item, item.parsed) for item in korean_last(window) if item.parsed]
                for item, parsed in documents:
                    chunk_item(item, parsed, bench.chunk_limits(), policy, scheme)
                for item, parsed in documents:
                    describe_item(item, parsed)
                    bench.progress(1)
                hashes = [chunk.chunk_hash for item in window for chunk in item.chunks]
                analyse_items(window, publishing.analysed_hashes(connection, source.tenant_id, hashes))
    return staging.write_items(bench.store, staging.next_key(key, "chunked"), items)


def _take(bench: Workbench, connection: psycopg.Connection[Any], key: str) -> tuple[Source, list[Item]]:
    """Return a staged batch and its source.

    Raises:
        RunSuperseded: The run was closed meanwhile, and with it went its staged files.
    """
    run = runs.receipt(connection, UUID(staging.run_of(key)))
    if run.state != "running":
        raise RunSuperseded(f"Run {run.run_id} is closed: a newer one of its source has begun, or it was settled.")
    return find_source(connection, run.source), staging.read_items(bench.store, key)


def embed(bench: Workbench, key: str) -> str:
    """Embed the passages that have no vector yet: an update costs what the edit costs."""
    with bench.connect() as connection:
        source, items = _take(bench, connection, key)
        texts = {chunk.chunk_hash: embedding_text(chunk.heading_path, chunk.text)
                 for item in items if item.is_pending for chunk in item.chunks}  # fmt: skip
        model_id = publishing.check_model(connection, bench.embedder)
        known = publishing.embedded_hashes(connection, source.tenant_id, list(texts))
    missing = [chunk_hash for chunk_hash in texts if chunk_hash not in known]
    vectors: staging.Vectors = {}
    if missing:
        rows = bench.embedder.embed([texts[chunk_hash] for chunk_hash in missing], "passage")
        vectors = dict(zip(missing, rows, strict=True))
    _count_embedded(items, set(missing))
    bench.progress(len(items))
    staging.write_vectors(bench.store, key, vectors, model_id)
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


def validate(bench: Workbench, key: str) -> str:
    """Hold the batch against every expectation; a document that fails one is quarantined under its name.

    Raises:
        ValidationFailed: The batch as a whole cannot be right; nothing of it is published.
    """
    run_id = staging.run_of(key)
    with bench.connect() as connection:
        source, items = _take(bench, connection, key)
        vectors = staging.read_vectors(bench.store, key)
        if vectors.model_id != serving_model(connection)[0]:
            return validate(*_embedded_again(bench, key))
        report = validation.validate(items, vectors.by_hash, bench.validation_rules(source))
        quarantine.record_validation(connection, UUID(run_id), staging.batch_of(key), report)
        waived = quarantine.waived(connection, source, items)
    if report.batch_problem:
        raise ValidationFailed(f"The batch was stopped before it was served: {report.batch_problem}")
    bench.progress(len(items))
    unmet = [item for item in items if item.uri in report.failing and item.uri not in waived]
    if not unmet:
        return key  # as it was staged, it can be published
    for item in unmet:
        item.problem = Problem("quarantined", f"validation: {report.failing[item.uri]}")
    return staging.write_items(bench.store, staging.next_key(key, "validated"), items)


def publish(bench: Workbench, key: str) -> str:
    """Make the batch what readers see, in one transaction."""
    run_id = staging.run_of(key)
    with bench.connect() as connection:
        source, items = _take(bench, connection, key)
        vectors = staging.read_vectors(bench.store, key)
        fingerprint, duplicates = pipeline(source, bench.settings), bench.settings.duplicate_search()
        try:
            publishing.publish(connection, source, UUID(run_id), items, vectors, fingerprint, duplicates)
        except ModelSwitched:
            fresh, key = _embedded_again(bench, key)
            return publish(fresh, validate(fresh, key))
    bench.progress(len(items))
    return key


def _embedded_again(bench: Workbench, key: str) -> tuple[Workbench, str]:
    """Embed a batch with the model that serves now; it was switched since the batch was embedded."""
    fresh = replace(bench)  # the other one has the former model loaded
    return fresh, embed(fresh, key)


def settle(bench: Workbench, run_id: str) -> Receipt:
    """Close the run and return its receipt; the caller fails loudly when `state` is not `succeeded`.

    What the run has staged goes: whatever needs a file again begins a new run.
    """
    with bench.connect() as connection:
        receipt = runs.settle_run(connection, UUID(run_id), bench.settings.tenant_partition_chunks)
        arrivals.settle_arrivals(connection, UUID(run_id))
    staging.delete_run(bench.store, run_id)
    return receipt


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
    ("validate", validate),
    ("publish", publish),
)
"""What every batch goes through, in order."""


def item_count(bench: Workbench, key: str) -> int:
    """Return how many items a staged batch holds."""
    return len(staging.read_items(bench.store, key))
