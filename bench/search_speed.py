"""How fast a search answers and what its vector arm finds, on many passages: a set repeated, shifted or mixed."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray

from bench.search_corpus import load_passages
from bench.search_quality import Searcher
from bench.search_sets import QuestionSet
from corpus import analysis
from ingestion.workbench import Workbench
from serving.filters import Filters

SHIFT = 0.1
"""Length of the random vector added to each copy's unit vector: copies stay near, and no two are the same."""
LEAST_SHARE = 0.3
"""Of a passage in its copy's vector; the rest is another passage's, drawn at random."""
SAMPLE = 100
"""Questions that recall is measured with."""
PER_CLIENT = {1: 100, 4: 40, 16: 15}
"""How many questions each of so many clients asks."""
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Tiled:
    """A tenant of many passages, and the vectors as they are stored."""

    tenant: str
    ids: Sequence[UUID]
    vectors: Vectors


def tiled(bench: Workbench, owner: str, questions: QuestionSet, passages: Vectors, size: int) -> Tiled:
    """Load `size` passages as a tenant of their own; a large one gets its vector index, as in production."""
    texts = list(questions.passages.values())
    copies = -(-size // len(texts))
    vectors = (mixed if os.environ.get("REGESTA_BENCH_MIXED") == "1" else shifted)(passages, size)
    name = f"tiled-{size}"
    with bench.connect() as connection:
        ids = load_passages(connection, name, (texts * copies)[:size], vectors)
    with bench.connect() as connection:
        connection.execute("set statement_timeout = 0")
        # As whoever loads a million at once would: an index that is built in memory takes minutes, not hours.
        connection.execute("set maintenance_work_mem = '3GB'")
        connection.execute("select corpus.partition_tenant(%s, 10000)", [name])
    analyse(owner)
    return Tiled(name, ids, vectors)


def shifted(passages: Vectors, size: int) -> Vectors:
    """Return `size` unit vectors, rounded as they are stored: the passages again and again, each with its own noise."""
    copies = -(-size // len(passages))
    noise = np.random.default_rng(size).normal(0, SHIFT / passages.shape[1] ** 0.5, (size, passages.shape[1]))
    vectors = np.tile(passages, (copies, 1))[:size] + noise
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def mixed(passages: Vectors, size: int) -> Vectors:
    """Return `size` unit vectors, rounded as they are stored, that lie between two passages each.

    As in a corpus of that size, most have no twin: equal copies but for noise would crowd around every answer, which
    no index is made for, and near-duplicates are not served. Weights are such that vectors spread as the given ones.
    """
    draw = np.random.default_rng(size)
    mean = passages.mean(axis=0)
    centred = passages - mean
    found = np.empty((size, passages.shape[1]), np.float32)
    for start in range(0, size, len(passages)):
        part = found[start : start + len(passages)]
        share = draw.uniform(LEAST_SHARE, 1 - LEAST_SHARE, (len(part), 1))
        others = centred[draw.integers(0, len(passages), len(part))]
        part[:] = mean + (share * centred[: len(part)] + (1 - share) * others) / np.sqrt(share**2 + (1 - share) ** 2)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return found.astype(np.float16).astype(np.float32)


def analyse(owner: str) -> None:
    """Let the planner count what was loaded, as autovacuum does some time after a load."""
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "analyze corpus.documents, corpus.versions, corpus.chunks, corpus.version_chunks, corpus.embeddings_1"
        )


def recall(serving: str, loaded: Tiled, asked: Vectors, share: int = 100) -> float:
    """Return recall@10 of the vector arm against all vectors compared, where a tag leaves `share` percent to find."""
    passing = np.arange(0, len(loaded.ids), 100 // share)
    filters = Filters() if share == 100 else Filters(metadata={"tags": [f"percent-{share}"]})
    found = 0
    with psycopg.connect(serving) as connection:
        searcher = Searcher(connection, loaded.tenant)
        for vector in asked[:SAMPLE]:
            nearest = passing[np.argsort(-(loaded.vectors[passing] @ vector))[:10]]
            rows = searcher.search([], vector, top_k=10, filters=filters)
            found += len({row["chunk_id"] for row in rows} & {loaded.ids[place] for place in nearest})
    return found / (10 * min(SAMPLE, len(asked)))


def latencies(serving: str, tenant: str, questions: QuestionSet, asked: Vectors, clients: int) -> tuple[float, float]:
    """Return p50 and p95 in milliseconds of hybrid searches, asked by so many clients at once."""
    prepared = [
        (analysis.lexemes(text), vector) for text, vector in zip(questions.questions.values(), asked, strict=True)
    ]

    def client(number: int) -> list[float]:
        taken = []
        with psycopg.connect(serving) as connection:
            searcher = Searcher(connection, tenant)
            for place in range(-5, PER_CLIENT[clients]):  # the first ones warm the connection
                words, vector = prepared[(number * 97 + place) % len(prepared)]
                started = time.perf_counter()
                searcher.search(words, vector, top_k=10)
                if place >= 0:
                    taken.append(1000 * (time.perf_counter() - started))
        return taken

    with ThreadPoolExecutor(clients) as pool:
        taken = [one for part in pool.map(client, range(clients)) for one in part]
    return statistics.median(taken), float(np.percentile(taken, 95))


def speed(serving: str, loaded: Tiled, questions: QuestionSet, asked: Vectors) -> dict[str, Any]:
    """Return a readable figure per number of clients."""
    figures = {}
    for clients in PER_CLIENT:
        median, slow = latencies(serving, loaded.tenant, questions, asked, clients)
        figures[f"{len(loaded.ids):,} passages, {clients} clients: ms p50, p95"] = f"{median:.1f}, {slow:.1f}"
    return figures
