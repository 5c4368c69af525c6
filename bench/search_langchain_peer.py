"""LangChain's PGVectorStore searching vectors in Postgres; runs in the peers' environment.

Arguments: an address of a database with pgvector, and a folder with passages.json, questions.npy and vectors.npy;
found.json is written there: per question its ten passages, by number, and the milliseconds each search took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

WARM_UPS = 5


def main() -> None:
    """Load, index, search."""
    from langchain_core.embeddings import DeterministicFakeEmbedding
    from langchain_postgres import PGEngine, PGVectorStore
    from langchain_postgres.v2.indexes import HNSWIndex, HNSWQueryOptions

    address, folder = sys.argv[1], Path(sys.argv[2])
    texts = json.loads((folder / "passages.json").read_text("utf-8"))
    vectors, questions = np.load(folder / "vectors.npy"), np.load(folder / "questions.npy")
    engine = PGEngine.from_connection_string(address)
    engine.init_vectorstore_table("passages", vectors.shape[1])
    store: Any = PGVectorStore.create_sync(
        engine,
        DeterministicFakeEmbedding(size=vectors.shape[1]),  # never asked: vectors are given
        "passages",
        index_query_options=HNSWQueryOptions(ef_search=200),
    )
    ids = [str(UUID(int=number)) for number in range(len(texts))]
    store.add_embeddings(texts, vectors.tolist(), ids=ids)
    store.apply_vector_index(HNSWIndex())
    for question in questions[:WARM_UPS]:
        store.similarity_search_by_vector(question.tolist(), k=10)
    found, taken = [], []
    for question in questions.tolist():
        started = time.perf_counter()
        documents = store.similarity_search_by_vector(question, k=10)
        taken.append(1000 * (time.perf_counter() - started))
        found.append([UUID(document.id).int for document in documents])
    (folder / "found.json").write_text(json.dumps({"found": found, "milliseconds": taken}), "utf-8")


if __name__ == "__main__":
    main()
