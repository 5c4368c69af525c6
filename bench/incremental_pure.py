"""Every edit of a history through the pure functions: parse, chunk, hash; nothing is embedded or stored."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from multiprocessing import get_context
from typing import Any

from bench.replay import History
from corpus import analysis
from corpus.cores import available_cores
from corpus.embedding import load_embedder
from ingestion import parsing
from ingestion.chunking import ChunkLimits, Profile, chunk
from ingestion.errors import Unparseable
from ingestion.settings import IngestionSettings

Layout = tuple[tuple[str, str], ...]
"""Kind and words of every element: what is left of a document without its white space."""


@dataclass(frozen=True)
class Cut:
    """One text cut into passages: their hashes with their lengths in tokens."""

    token_counts: dict[str, int]
    layout: Layout


def measure(history: History, window_tokens: int | None = None, profile: Profile = "structure") -> dict[str, Any]:
    """Return what the edits of a history would embed again, each revision against its predecessor."""
    needed = {blob for edit in history.edits for blob in (edit.old, edit.new)}
    blobs = [blob for blob in history.texts if blob in needed]
    texts = [history.texts[blob] for blob in blobs]
    workers = ProcessPoolExecutor(available_cores(), mp_context=get_context("spawn"))
    with workers as pool:
        cuts = dict(zip(blobs, pool.map(_Cutter(window_tokens, profile), texts, chunksize=40), strict=True))
    embedded = total = blank = blank_embedded = moved = moved_embedded = 0
    lengths: list[int] = []
    for edit in history.edits:
        old, new = cuts[edit.old], cuts[edit.new]
        cost = len(new.token_counts.keys() - old.token_counts.keys())
        embedded += cost
        total += len(new.token_counts)
        lengths += new.token_counts.values()
        if history.texts[edit.old].split() == history.texts[edit.new].split():
            if old.layout == new.layout:
                blank, blank_embedded = blank + 1, blank_embedded + cost
            else:
                moved, moved_embedded = moved + 1, moved_embedded + cost
    return {
        "edits": len(history.edits),
        "chunks of edited documents": total,
        "chunks changed": embedded,
        "ratio": round(embedded / total, 4),
        "tokens per chunk, mean": round(statistics.mean(lengths), 1),
        "edits of white space alone": blank,
        "chunks changed by these": blank_embedded,
        "edits of white space that move the end of a paragraph": moved,
        "chunks changed by those": moved_embedded,
    }


@dataclass(frozen=True)
class _Cutter:
    """Cuts a text in a worker process."""

    window_tokens: int | None
    profile: Profile

    def __call__(self, text: str) -> Cut:
        """Parse and cut one Markdown text; one that cannot be parsed has no passages, as in a run."""
        try:
            elements = parsing.parse(text.encode(), "text/markdown").elements
        except Unparseable:
            return Cut({}, ())
        chunks = chunk(elements, _limits(self.window_tokens), self.profile)
        layout = tuple((element.kind, " ".join(element.text.split())) for element in elements)
        return Cut({part.chunk_hash: part.token_count for part in chunks}, layout)


@cache
def _limits(window_tokens: int | None) -> ChunkLimits:
    settings = IngestionSettings()
    embedder = load_embedder(settings.embedder_spec())

    @lru_cache(100_000)
    def count_one(text: str) -> int:
        return embedder.count_tokens([text])[0]

    def count(texts: Sequence[str]) -> list[int]:
        return [count_one(text) for text in texts]

    return ChunkLimits(
        window_tokens=window_tokens or settings.chunk_window_tokens,
        max_tokens=settings.chunk_max_tokens,
        count_tokens=count,
        split_sentences=lru_cache(10_000)(analysis.sentences),
    )
