"""Consecutive commits of a history through the real steps, database, object store and encoder, and what is left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bench.incremental_state import State, live_chunks, rows_written, state
from bench.replay import History, Revision, after
from bench.scratch import scratch_workbench
from corpus.embedding import Embedder, Kind, Vectors
from ingestion import steps
from ingestion.sources import add_source
from ingestion.workbench import Workbench

BUCKET, SOURCE = "documents", "book"
_LEDGER = "select uri, outcome, chunks_kept, chunks_embedded from landing.run_items where run_id = %s"


@dataclass
class CountingEmbedder:
    """Passes everything on to the real encoder and counts it."""

    encoder: Embedder
    calls: int = 0
    texts: int = 0

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Embed, and count."""
        self.calls += 1
        self.texts += len(texts)
        return self.encoder.embed(texts, kind)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the encoder's."""
        return getattr(self.encoder, name)


@dataclass
class Replayed:
    """What a replay cost, and what it left behind."""

    edits: int = 0
    chunks: int = 0
    embedded: int = 0
    blank_edits: int = 0
    blank_embedded: int = 0
    encoder_calls: int = 0
    texts_encoded: int = 0
    rows_written: Counter[str] = field(default_factory=Counter)
    deleted: set[str] = field(default_factory=set)
    left: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    state: State = field(default_factory=dict)


def replay(history: History, before: list[list[Revision]], commits: list[list[Revision]]) -> Replayed:
    """Bring in what was there `before`, then sync after every commit; at the end delete every tenth document."""
    replayed = Replayed()
    with scratch_workbench() as bench:
        encoder = _prepare(bench)
        files = after(before)
        _put(bench, history, files)
        if files:
            _sync(bench)
        calls, texts, rows = encoder.calls, encoder.texts, rows_written(bench)
        for commit in commits:
            _apply(bench, history, commit)
            started = time.perf_counter()
            ledger = _sync(bench)
            replayed.seconds.append(time.perf_counter() - started)
            _charge(replayed, history, commit, ledger)
        replayed.encoder_calls, replayed.texts_encoded = encoder.calls - calls, encoder.texts - texts
        replayed.rows_written = rows_written(bench) - rows
        files = after([*before, *commits])
        removed = sorted(files)[::10]
        _apply(bench, history, [Revision("", "D", path, files[path], "") for path in removed])
        _sync(bench)
        replayed.deleted |= {_uri(path) for path in removed}
        replayed.deleted -= {_uri(path) for path in files if path not in removed}
        replayed.left = live_chunks(bench, replayed.deleted)
        replayed.state = state(bench)
    return replayed


def fresh(history: History, commits: list[list[Revision]]) -> State:
    """Build what `replay` should have left, in a new database, from the last state alone."""
    files = after(commits)
    with scratch_workbench() as bench:
        _prepare(bench)
        _put(bench, history, {path: blob for path, blob in files.items() if path not in sorted(files)[::10]})
        _sync(bench)
        return state(bench)


def _prepare(bench: Workbench) -> CountingEmbedder:
    encoder = CountingEmbedder(bench.embedder)
    bench.__dict__["embedder"] = encoder  # where the workbench keeps the one it made
    with bench.connect() as connection:
        add_source(connection, SOURCE, f"s3://{BUCKET}/{SOURCE}/")
    return encoder


def _uri(path: str) -> str:
    return f"s3://{BUCKET}/{SOURCE}/{path}"


def _put(bench: Workbench, history: History, files: dict[str, str]) -> None:
    for path, blob in files.items():
        bench.s3.put_object(Bucket=BUCKET, Key=f"{SOURCE}/{path}", Body=history.texts[blob].encode())


def _apply(bench: Workbench, history: History, commit: Sequence[Revision]) -> None:
    for revision in commit:
        if revision.status == "D":
            bench.s3.delete_object(Bucket=BUCKET, Key=f"{SOURCE}/{revision.path}")
        else:
            _put(bench, history, {revision.path: revision.new})


def _sync(bench: Workbench) -> dict[str, tuple[str, int, int]]:
    """Run all steps; return outcome, chunks kept and chunks embedded of every document that was worked on."""
    run_id, keys = steps.discover(bench, SOURCE, "local", f"bench__{uuid4()}", confirm_removals=True)
    for key in keys:
        for _, step in steps.BATCH_STEPS:
            key = step(bench, key)
    receipt = steps.settle(bench, run_id)
    if receipt.state != "succeeded":
        raise RuntimeError(f"A run of the replay ended {receipt.state}: {receipt}")
    with bench.connect() as connection:
        return {uri: (outcome, kept, new) for uri, outcome, kept, new in connection.execute(_LEDGER, [run_id])}


def _charge(
    replayed: Replayed, history: History, commit: Sequence[Revision], ledger: dict[str, tuple[str, int, int]]
) -> None:
    for revision in commit:
        outcome, kept, embedded = ledger[_uri(revision.path)]
        replayed.outcomes[outcome] += 1
        if revision.status == "D":
            replayed.deleted.add(_uri(revision.path))
        elif revision.status == "M":
            replayed.edits += 1
            replayed.chunks += kept + embedded
            replayed.embedded += embedded
            if history.texts[revision.old].split() == history.texts[revision.new].split():
                replayed.blank_edits += 1
                replayed.blank_embedded += embedded
