"""What other pipelines embed again after an edit; runs in the peers' own environment, prints one JSON object.

Their embedders are stubs that count: what is compared is how many chunks reach one, not how fast it is.
"""

from __future__ import annotations

import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.replay import History, Revision, read_history

DIMENSIONS = 2


class Tally:
    """Chunks embedded by edits, and chunks of the edited documents."""

    def __init__(self) -> None:
        self.calls = self.embedded = self.embedded_by_edits = self.chunks = 0

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Stand in for an embedder."""
        self.calls += 1
        self.embedded += len(texts)
        return [[1.0] * DIMENSIONS for _ in texts]

    def figures(self, configuration: str) -> dict[str, Any]:
        """Return what was counted."""
        ratio = round(self.embedded_by_edits / self.chunks, 4)
        return {"configuration": configuration, "ratio": ratio, "chunks embedded": self.embedded_by_edits,
                "chunks of edited documents": self.chunks, "encoder calls": self.calls}  # fmt: skip


def replay(history: History, tally: Tally, put: Any, remove: Any, count: Any) -> None:
    """Feed every revision to a peer and charge what it embeds to the edit."""
    for revision in history.revisions:
        before = tally.embedded
        if revision.status == "D":
            remove(revision.path)
            continue
        put(revision, history.texts[revision.new])
        if revision.status == "M":
            tally.embedded_by_edits += tally.embedded - before
            tally.chunks += count(history.texts[revision.new])


def llama_index(history: History) -> dict[str, Any]:
    """LlamaIndex: `IngestionPipeline` with a document store, strategy upserts."""
    from llama_index.core import Document
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.storage.docstore import SimpleDocumentStore
    from llama_index.core.vector_stores import SimpleVectorStore

    tally = Tally()

    class Counting(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return tally.embed([text])[0]

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return tally.embed(texts)

        def _get_query_embedding(self, query: str) -> list[float]:
            return [1.0] * DIMENSIONS

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return [1.0] * DIMENSIONS

    splitter = SentenceSplitter()
    store = SimpleVectorStore()
    pipeline = IngestionPipeline(
        transformations=[splitter, Counting(embed_batch_size=2048)],
        docstore=SimpleDocumentStore(),
        vector_store=store,
        docstore_strategy=DocstoreStrategy.UPSERTS,
    )

    def put(revision: Revision, text: str) -> None:
        pipeline.run(documents=[Document(id_=revision.path, text=text)])

    def remove(path: str) -> None:
        pipeline.docstore.delete_document(path, raise_error=False)
        store.delete(path)

    replay(history, tally, put, remove, lambda text: len(splitter.split_text(text)))
    return tally.figures("IngestionPipeline, SimpleDocumentStore, upserts, SentenceSplitter 1024/200 tokens")


def langchain(history: History) -> dict[str, Any]:
    """LangChain: `index()` with a record manager, cleanup incremental."""
    from langchain_classic.indexes import SQLRecordManager
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_core.indexing import index
    from langchain_core.vectorstores import InMemoryVectorStore
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    tally = Tally()

    class Counting(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return tally.embed(texts)

        def embed_query(self, text: str) -> list[float]:
            return [1.0] * DIMENSIONS

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    records = SQLRecordManager("bench", db_url="sqlite:///:memory:")
    records.create_schema()
    store = InMemoryVectorStore(Counting())

    def put(revision: Revision, text: str) -> None:
        chunks = [Document(page_content=part, metadata={"source": revision.path}) for part in splitter.split_text(text)]
        index(chunks, records, store, cleanup="incremental", source_id_key="source", key_encoder="sha256")

    def remove(path: str) -> None:
        keys = records.list_keys(group_ids=[path])
        store.delete(keys)
        records.delete_keys(keys)

    replay(history, tally, put, remove, lambda text: len(splitter.split_text(text)))
    return tally.figures("index(), SQLRecordManager, incremental, RecursiveCharacterTextSplitter 1000/200 characters")


def main() -> None:
    """Replay the data set in the folder given and print what each peer embedded."""
    logging.disable(logging.WARNING)
    history = read_history(Path(sys.argv[1]))
    outcome: dict[str, Any] = {}
    for name, package, peer in (
        ("llama-index", "llama-index-core", llama_index),
        ("langchain", "langchain-core", langchain),
    ):
        outcome[f"{name} {version(package)}"] = peer(history)
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
