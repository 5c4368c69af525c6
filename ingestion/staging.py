"""Files that carry a batch from one step to the next, under `runs/<run id>/` in the landing bucket.

Airflow passes only their keys, so its database never holds a document.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.objects import ObjectStore
from ingestion.items import Item, dump_items, load_items

Vectors = dict[str, NDArray[np.float32]]
"""Unit vectors by chunk hash."""


@dataclass(frozen=True)
class StagedVectors:
    """The new vectors of a batch, and the model that made them: they may only meet vectors of the same one."""

    model_id: int
    by_hash: Vectors


def batch_key(run_id: str, number: int, step: str) -> str:
    """Return the key of what `step` leaves behind for batch `number`."""
    return f"runs/{run_id}/{number:04d}/{step}.jsonl"


def run_prefix(run_id: str) -> str:
    """Return where everything a run has staged lies."""
    return f"runs/{run_id}/"


def batch_of(key: str) -> int:
    """Return the number of the batch a staged key belongs to."""
    return int(key.split("/")[2])


def run_of(key: str) -> str:
    """Return the run a staged key belongs to."""
    return key.split("/")[1]


def next_key(key: str, step: str) -> str:
    """Return the key `step` writes, given the key it read."""
    return f"{key.rpartition('/')[0]}/{step}.jsonl"


def vectors_key(key: str) -> str:
    """Return where the vectors of a batch lie."""
    return f"{key.rpartition('/')[0]}/vectors.npz"


def write_items(store: ObjectStore, key: str, items: Sequence[Item]) -> str:
    """Stage a batch and return its key."""
    store.put(key, dump_items(items))
    return key


def read_items(store: ObjectStore, key: str) -> list[Item]:
    """Read a staged batch."""
    return load_items(store.get(key))


def delete_run(store: ObjectStore, run_id: str) -> int:
    """Delete what a closed run has staged, and return how many files it was; nothing reads them any more."""
    return store.delete(list(store.keys(run_prefix(run_id))))


def write_vectors(store: ObjectStore, key: str, vectors: Vectors, model_id: int) -> None:
    """Stage the new vectors of a batch."""
    buffer = io.BytesIO()
    rows = np.stack(list(vectors.values())) if vectors else np.zeros((0, 0), np.float32)
    np.savez(buffer, hashes=np.array(list(vectors), dtype="U64"), rows=rows, model_id=np.int64(model_id))
    store.put(vectors_key(key), buffer.getvalue())


def read_vectors(store: ObjectStore, key: str) -> StagedVectors:
    """Read the new vectors of a batch."""
    with np.load(io.BytesIO(store.get(vectors_key(key)))) as staged:
        by_hash = dict(zip(staged["hashes"].tolist(), staged["rows"], strict=True))
        return StagedVectors(int(staged["model_id"]), by_hash)
