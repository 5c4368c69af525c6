"""What building a model will cost, before it is begun: passages and tokens counted, time measured on a sample."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from corpus.embedding import Embedder
from corpus.models import Model
from ingestion.apply import with_table
from ingestion.steps import embedding_text
from sql import queries

SAMPLE = 64
"""Passages the time is measured on: some seconds of a processor."""


@dataclass(frozen=True)
class Estimate:
    """What is still to be embedded.

    Attributes:
        chunks: Passages without a vector of the model.
        tokens: Theirs, as the model's own tokenizer counts: scaled up from the sample.
        seconds: For one worker like the one that measured.
        cut_chunks: Passages longer than the model reads; of these the end has no part in the vector.
        sample_chunks: How many passages the time was measured on.
        tenants: `tenant_id`, `chunk_count` and `token_count` (as they were counted when cut) of each.
    """

    chunks: int
    tokens: int
    seconds: float
    cut_chunks: int
    sample_chunks: int
    tenants: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.chunks:
            return "nothing is left to embed"
        cut = f"; about {self.cut_chunks:,} are longer than the model reads" if self.cut_chunks else ""
        return (
            f"{self.chunks:,} passages, tenants: {len(self.tenants)}, {self.tokens:,} tokens, "
            f"{duration(self.seconds)} for one worker like this one (measured on {self.sample_chunks}){cut}"
        )


def estimate(connection: psycopg.Connection[Any], model: Model, embedder: Embedder, sample: int = SAMPLE) -> Estimate:
    """Count the backlog and embed a sample of it, whose vectors are thrown away."""
    names = queries("models")
    with connection.cursor(row_factory=dict_row) as cursor:
        tenants = cursor.execute(names["backlog"], {"model_id": model.id}).fetchall()
    query = with_table(names["sample"], model.table_name)
    rows = connection.execute(query, {"limit": sample}).fetchall()
    chunks = sum(row["chunk_count"] for row in tenants)
    counted = sum(row["token_count"] for row in tenants)
    tenants = [{**row, "token_count": int(row["token_count"])} for row in tenants]
    if not rows:
        return Estimate(chunks, int(counted), 0.0, 0, 0, tenants)
    texts = [embedding_text(heading_path, text) for heading_path, text, _ in rows]
    embedder.embed(texts[:1], "passage")  # what only a first call pays
    started = time.perf_counter()
    embedder.embed(texts, "passage")
    seconds = time.perf_counter() - started
    lengths = embedder.count_tokens(texts)
    # By tokens, not by passages: a sample may be shorter than the whole.
    scale = float(counted) / sum(row[2] for row in rows)
    cut = sum(length > embedder.max_tokens for length in lengths)
    return Estimate(
        chunks, round(sum(lengths) * scale), seconds * scale, round(chunks * cut / len(rows)), len(rows), tenants
    )


def duration(seconds: float) -> str:
    """Return a time span as people say it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
