"""Turns text into vectors: one small protocol, and three embedders behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from corpus.errors import CorpusError

Kind = Literal["query", "passage"]
Vectors = NDArray[np.float32]


class EmbeddingError(CorpusError):
    """Text could not be turned into vectors; the message says what happened, why and what to do."""


@runtime_checkable
class Embedder(Protocol):
    """What ingestion and serving need from an embedding model.

    `name` and `revision` together identify the vector space: vectors of two different pairs are
    never compared. `dimensions` is the length of a vector, `max_tokens` the longest input the
    model reads, counted with its special tokens and prefix; longer texts are cut there.
    Implementations may be called from several threads at once.
    """

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def revision(self) -> str:
        """Which weights, and for the packaged model which conversion of them."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens, special tokens and prefix included."""
        ...

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Return an `(n, dimensions)` float32 array, row i being `texts[i]` with L2 norm 1.

        Raises EmbeddingError.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens and prefix."""
        ...


@dataclass(frozen=True, kw_only=True)
class EmbedderSpec:
    """Which embedder to load, and how; a provider ignores what does not concern it.

    `batch_size` is the number of texts per forward pass (sentence_transformers on the CPU) or per
    request (http); the packaged model takes one text at a time. `threads` is how many of those
    run at once, 0 meaning one per core. The prefixes default to what the E5 family was trained
    with. `revision` pins a hub revision, or names what an HTTP server serves.
    """

    provider: Literal["packaged", "sentence_transformers", "http"] = "packaged"
    model: str = "multilingual-e5-small-q4"
    home: Path = Path(".regesta/models")
    batch_size: int = 16
    threads: int = 1
    device: str | None = None
    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    max_tokens: int = 512
    revision: str | None = None
    query_prefix: str = "query: "
    passage_prefix: str = "passage: "


def well_formed(text: str) -> str:
    """Return `text` with every half of a surrogate pair as `?`: JSON carries them, UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def load_embedder(spec: EmbedderSpec) -> Embedder:
    """Return the embedder `spec` describes; only its own packages are imported.

    Raises EmbeddingError when the specification is incomplete, packages are missing or the model
    cannot be loaded.
    """
    if spec.provider == "packaged":
        from corpus.embedding.packaged import PackagedEmbedder

        return PackagedEmbedder(spec.home, threads=spec.threads)
    if spec.provider == "sentence_transformers":
        from corpus.embedding.sentence_transformers import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(spec)
    if spec.provider == "http":
        from corpus.embedding.http import HTTPEmbedder

        return HTTPEmbedder(spec)
    raise EmbeddingError(
        f"There is no embedding provider {spec.provider!r}. Set REGESTA_EMBEDDING_PROVIDER to "
        "packaged, sentence_transformers or http."
    )
