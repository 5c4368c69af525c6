"""Runs one operation of ingestion in a process of its own, which may kill itself on the way."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from multiprocessing.connection import Connection as Pipe
from typing import Any
from uuid import UUID

import numpy as np

from corpus.embedding import Kind, Vectors
from corpus.embedding.packaged import PackagedEmbedder
from ingestion import erasure, purging, steps, versions
from ingestion.errors import IngestionError
from ingestion.settings import IngestionSettings
from ingestion.workbench import Workbench
from tests.faults.calls import Call, intercepted

ACTOR = "a test of faults"
LATER = "2100-01-01"


class HashEmbedder:
    """Answers as the packaged model's, at no cost: here it does not matter what vectors mean."""

    name, revision = PackagedEmbedder.name, PackagedEmbedder.revision
    dimensions, max_tokens = PackagedEmbedder.dimensions, PackagedEmbedder.max_tokens

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Return a unit vector that depends on the text alone."""
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        rows = np.array([np.random.default_rng(seed).standard_normal(self.dimensions) for seed in seeds], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True) if len(texts) else np.zeros((0, 384), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words."""
        return [len(text.split()) for text in texts]


class FaultyWorkbench(Workbench):
    """A workbench whose embedder costs nothing."""

    @cached_property
    def embedder(self) -> HashEmbedder:  # type: ignore[override]
        """The cheap one."""
        return HashEmbedder()


def discover(bench: Workbench, source: str, dag_run_id: str) -> tuple[str, list[str]]:
    """Open a run."""
    return steps.discover(bench, source, "local", dag_run_id)


def settle(bench: Workbench, run_id: str) -> str:
    """Close a run; return its state."""
    return steps.settle(bench, run_id).state


def restore(bench: Workbench, document: str) -> None:
    """Serve the version before the current."""
    with bench.connect() as connection:
        versions.restore(connection, document, 1, None, ACTOR, "a test")


def restore_run(bench: Workbench, run_id: str) -> None:
    """Undo a run."""
    with bench.connect() as connection:
        versions.restore_run(connection, UUID(run_id), ACTOR, "a test")


def purge(bench: Workbench) -> None:
    """Purge as if every window had ended."""
    with bench.connect() as connection:
        connection.execute("select set_config('regesta.now', %s, false)", [LATER])
        purging.purge(connection, bench.store)


def erase(bench: Workbench, document: str) -> None:
    """Erase as the DAG does: first what an earlier try left to do."""
    with bench.connect() as connection:
        erasure.finish_erasures(connection, bench.store)
        try:
            erasure.erase(connection, bench.store, document, ACTOR, "a test")
        except IngestionError:
            if not erasure.list_erasures(connection, 1):
                raise


OPERATIONS: dict[str, Callable[..., Any]] = {
    **dict(steps.BATCH_STEPS),
    **{operation.__name__: operation for operation in (discover, settle, restore, restore_run, purge, erase)},
}


@dataclass(frozen=True)
class Outcome:
    """How an operation ended: killed, or with a result; `calls` is how many moments it passed."""

    is_killed: bool
    result: Any = None
    calls: int = 0


def run_operation(
    settings: IngestionSettings, operation: str, arguments: Sequence[Any], kill_at: int | None, answer: Pipe
) -> None:
    """Run an operation and send its result and its number of calls; kill this process at call `kill_at`."""
    warm()
    passed: list[Call] = []

    def react(call: Call) -> None:
        passed.append(call)
        if call.number == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with intercepted(react, HashEmbedder):
        result = OPERATIONS[operation](FaultyWorkbench(settings), *arguments)
    answer.send((result, len(passed)))


class OneByOne:
    """Kiwi without its worker thread, which a forked process does not have: it would wait for it for ever."""

    def __init__(self, kiwi: Any) -> None:
        self._kiwi = kiwi

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kiwi, name)

    def tokenize(self, text: Any, **options: Any) -> Any:
        """Return the tokens of one text, or of each of several."""
        if isinstance(text, str):
            return self._kiwi.tokenize(text, **options)
        return [self._kiwi.tokenize(one, **options) for one in text]


@cache
def warm() -> None:
    """Load once what every step would load: processes forked from here have it."""
    from corpus import analysis
    from ingestion import extraction, masking, validation
    from ingestion.items import Element, Parsed
    from ingestion.validation import checkpoint

    kiwi = OneByOne(analysis._kiwi())
    analysis._kiwi = lambda: kiwi  # type: ignore[assignment]
    parsed = Parsed((Element("text", "Kim lives in Seoul. 김 씨는 서울에 산다."),))
    masked, _ = masking.mask(parsed, "mask", b"")
    extraction.extract(masked, "a.md")
    analysis.lexemes("한국어 and English")
    assert validation and checkpoint
