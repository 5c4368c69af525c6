"""Any sentence-transformers model, on GPUs when there are some; needs `make torch`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from corpus.embedding import EmbedderSpec, EmbeddingError, Kind, Vectors, well_formed

_CUDA_BATCH_FACTOR = 16
"""A GPU is fed this many times the batch size that suits a core."""


class SentenceTransformerEmbedder:
    """A model from a folder or the hub: half precision on CUDA, one process per GPU for bulk work.

    Safe to use from several threads: calls take turns.
    """

    def __init__(self, spec: EmbedderSpec) -> None:
        """Load `spec.model`; raise EmbeddingError without the packages or when that fails.

        `spec.device` is a torch device or several, separated by commas; unset means every GPU,
        or the processor.
        """
        self._devices = _devices(spec.device)
        self._model = _load(spec, self._devices[0] if self._devices else None)
        self.name = Path(spec.model).name if Path(spec.model).is_dir() else spec.model
        self.revision = _revision(spec)
        self.dimensions = int(self._model.get_embedding_dimension())
        self.max_tokens = int(self._model.max_seq_length or spec.max_tokens)
        self._prefixes = {"query": spec.query_prefix, "passage": spec.passage_prefix}
        on_gpu = self._model.device.type == "cuda"
        if on_gpu:
            self._model.half()
        self._batch_size = spec.batch_size * (_CUDA_BATCH_FACTOR if on_gpu else 1)
        self._pool: Any = None
        # Tokenizers keep their truncation settings in themselves: two threads would clash.
        self._turn = Lock()

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Return an `(n, dimensions)` float32 array of unit rows, in the order of `texts`."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        with self._turn:
            try:
                rows = self._model.encode(
                    [well_formed(text) for text in texts],
                    prompt=self._prefixes[kind],
                    batch_size=self._batch_size,
                    pool=self._pool_for(len(texts)),
                    show_progress_bar=False,
                )
            except RuntimeError as error:
                raise EmbeddingError(
                    f"{self.name} failed on a batch of {self._batch_size} texts: {error}. If it ran "
                    "out of memory, lower REGESTA_EMBEDDING_BATCH_SIZE."
                ) from error
        # Normalised here, in float32: half precision would leave norms off by a thousandth.
        vectors = np.asarray(rows, np.float32)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens and prefix."""
        if not texts:
            return []
        with self._turn:
            encoded = self._model.tokenizer(
                [well_formed(text) for text in texts], add_special_tokens=False, truncation=False, verbose=False
            )
        return [len(ids) for ids in encoded["input_ids"]]

    def close(self) -> None:
        """Stop the processes that were started for bulk work."""
        with self._turn:
            if self._pool is not None:
                self._model.stop_multi_process_pool(self._pool)
                self._pool = None

    def _pool_for(self, count: int) -> Any:
        """Return the processes, one per device, once there is a batch for each; else None."""
        if len(self._devices) < 2 or count < self._batch_size * len(self._devices):
            return None
        if self._pool is None:
            self._pool = self._model.start_multi_process_pool(self._devices)
        return self._pool


def _devices(wanted: str | None) -> list[str]:
    """Return the torch devices to use; an empty list leaves the choice to the library."""
    if wanted:
        return [device.strip() for device in wanted.split(",")]
    try:
        import torch
    except ImportError:
        return []  # loading the model says what is missing
    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]


def _load(spec: EmbedderSpec, device: str | None) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise EmbeddingError(
            "REGESTA_EMBEDDING_PROVIDER=sentence_transformers needs torch and "
            f"sentence-transformers, which are not installed ({error}). Run `make torch`, or use "
            "the packaged provider, which needs neither."
        ) from error
    try:
        return SentenceTransformer(spec.model, device=device, revision=spec.revision)
    except Exception as error:  # the hub, the file system and torch each raise their own
        raise EmbeddingError(
            f"The model {spec.model!r} could not be loaded: {error}. REGESTA_EMBEDDING_MODEL must "
            "be a folder on this machine, or a hub name that is cached here or can be downloaded; "
            "REGESTA_EMBEDDING_DEVICE, when set, a device torch has."
        ) from error


def _revision(spec: EmbedderSpec) -> str:
    """Return the hub commit, or for a local folder a hash of its files: new weights, new space."""
    folder = Path(spec.model)
    if not folder.is_dir():
        return _hub_commit(spec) or spec.revision or "unversioned"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            digest.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def _hub_commit(spec: EmbedderSpec) -> str | None:
    """Return which commit the files just loaded from the hub's cache belong to."""
    from huggingface_hub import try_to_load_from_cache

    for name in ("modules.json", "config.json"):
        path = try_to_load_from_cache(spec.model, name, revision=spec.revision)
        if isinstance(path, str):
            return Path(path).parent.name  # …/snapshots/COMMIT/config.json
    return None
