"""The default embedder: multilingual-e5-small on onnxruntime, offline, without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from corpus.cores import available_cores
from corpus.embedding import Kind, Vectors, well_formed
from corpus.embedding.calibration import open_session
from corpus.embedding.packaged_model import (
    MODEL,
    NAME,
    REVISION,
    TOKENIZER,
    Progress,
    ensure_built,
)
from corpus.embedding.packaged_tokenizer import BEGIN, END

# The tokenizer's own threads would compete with those that embed and with Kiwi's: counting takes a quarter longer.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
_PREFIXES: dict[Kind, str] = {"query": "query: ", "passage": "passage: "}


class PackagedEmbedder:
    """Korean, English and about a hundred more languages in 384 dimensions, without torch.

    A vector depends on its text alone, never on the texts embedded beside it. Safe to use from
    several threads.
    """

    name = NAME
    revision = REVISION
    dimensions = 384
    max_tokens = 512

    def __init__(self, home: Path, *, threads: int = 1, progress: Progress | None = None) -> None:
        """Load the model below `home`, building it first when it is missing.

        `threads` texts are embedded at once, each on one core; 0 means one per available core.
        `progress` is told the steps of a build. Raises EmbeddingError.
        """
        folder = ensure_built(home, progress)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._session = open_session(str(folder / MODEL))
        self._threads = threads or available_cores()

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Return an `(n, 384)` float32 array of unit rows; texts are cut at 512 tokens."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        prefix = _PREFIXES[kind]

        def fill(row: int) -> None:
            vectors[row] = self._embed_one(prefix + texts[row])

        # Whole texts side by side, not one text over several cores: nothing has to wait for
        # anything inside a layer, and a text costs the same when cores are busy elsewhere.
        if self._threads > 1 and len(texts) > 1:
            # The longest first, so that no thread is left alone with one at the end.
            rows = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(fill, rows))
        else:
            for row in range(len(texts)):
                fill(row)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens and prefix."""
        encoded = self._tokenizer.encode_batch_fast([well_formed(text) for text in texts], add_special_tokens=False)
        return [len(each.ids) for each in encoded]

    def _embed_one(self, text: str) -> Vectors:
        content = self._token_ids(text)[: self.max_tokens - 2]
        ids = np.array([[BEGIN, *content, END]], np.int64)
        embedding: Vectors = self._session.run(["embedding"], {"input_ids": ids})[0][0]
        return embedding

    def _token_ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(well_formed(text), add_special_tokens=False).ids
