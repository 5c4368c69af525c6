"""Vectors for an hour, results for half an hour and never from before a publication; each reader has their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from psycopg.sql import SQL, Identifier

from ingestion import erasure
from serving.access import Scope
from serving.caching.embeddings import EmbeddingCache
from serving.caching.retrievals import RetrievalCache, retrieval_key
from serving.caching.room import Room
from serving.filters import EVERYTHING
from serving.searching import Found, search
from sql import queries

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

TEXT = "# Harbour\n\nThe old harbour has 12 berths for fishing boats."
QUESTION = "How many berths does the old harbour have?"


def test_a_vector_is_kept_for_its_tenant_and_its_time(folder: Folder, reading: Callable[..., Any]) -> None:
    vector = np.linspace(-1, 1, 384, dtype=np.float32)

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            cache = EmbeddingCache(reader.pool, Room(embeddings=2, every=1), ttl_seconds=1)
            await cache.put(reader.scope, "one", 1, vector)
            found = await cache.get(reader.scope, "one", 1)
            assert found is not None and np.allclose(found, vector, atol=1e-3)
            other = Scope(reader.scope.api_key_id, "somebody-else", ("everyone",))
            assert await cache.get(other, "one", 1) is None
            await asyncio.sleep(1.1)
            assert await cache.get(reader.scope, "one", 1) is None
            lasting = EmbeddingCache(reader.pool, Room(embeddings=2, every=1))
            for text in ("two", "three", "four"):
                await lasting.put(reader.scope, text, 1, vector)
            kept = [text for text in ("two", "three", "four") if await lasting.get(reader.scope, text, 1) is not None]
            assert kept == ["three", "four"]

    asyncio.run(scenario())


def test_a_result_is_as_fresh_as_the_corpus(folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("harbour.md", TEXT)
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            cache = RetrievalCache(reader.pool, Room())
            key = retrieval_key(reader.scope, QUESTION, 1, "hybrid", 6)
            assert key is not None
            before = await cache.get(reader.scope, key)
            assert before.hits is None
            _, hits = await reader.find(QUESTION)
            ids, rows = [hit.chunk_id for hit in hits], [asdict(hit) for hit in hits]
            await cache.put(reader.scope, key, before.release, ids, rows)
            found = (await cache.get(reader.scope, key)).hits
            assert found is not None and [row["chunk_id"] for row in found] == [str(hit.chunk_id) for hit in hits]
            stranger = reader.as_("guests")
            assert (await cache.get(stranger.scope, key)).hits is None, "the row's own policy refuses, whatever the key"
            folder.put("harbour.md", TEXT.replace("12", "13"), later=True)
            folder.sync()
            assert (await cache.get(reader.scope, key)).hits is None
            # A search from before the edit that is stored after it is of no use to anybody.
            await cache.put(reader.scope, key, before.release, ids, rows)
            assert (await cache.get(reader.scope, key)).hits is None

    asyncio.run(scenario())


def test_the_look_for_a_result_and_the_search_are_one(
    folder: Folder, reading: Callable[..., Any], database: Any
) -> None:
    folder.put("harbour.md", TEXT)
    folder.sync()
    keys = "1" * 64, "2" * 64

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            query, hits = await reader.find(QUESTION)

            async def find(key: str | None) -> Found:
                return await search(reader.pool, reader.scope, query, 6, EVERYTHING, reader.settings, key=key)

            missed = await find(keys[0])
            assert (missed.hits, missed.is_kept) == (hits, False) and missed.release
            cache, marked = RetrievalCache(reader.pool, Room()), [{**hits[0].as_row(), "title": "as it was kept"}]
            await cache.put(reader.scope, keys[0], missed.release, [hits[0].chunk_id], marked)
            kept = await find(keys[0])
            assert (kept.is_kept, [hit.title for hit in kept.hits]) == (True, ["as it was kept"])
            assert kept.hits[0].chunk_id == hits[0].chunk_id
            # That something was kept is forgotten with the transaction, on whichever connection.
            for key in (None, keys[1]):
                assert (await find(key)).hits == hits
            await cache.put(reader.scope, keys[1], missed.release, [], [])
            nothing = await find(keys[1])
            assert (nothing.hits, nothing.is_kept) == ([], True), "that nothing is found is a result too"

    asyncio.run(scenario())
    given = {
        **EVERYTHING.parameters(), "lexemes": ["harbour"], "vector": None, "model_id": None, "top_k": 6,
        "text_weight": 0.5, "fusion": "scores", "neighbours": 0,
    }  # fmt: skip
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        for is_kept, expected in (("true", "never executed"), ("", "actual time")):
            connection.execute("select set_config('regesta.is_kept', %s, true)", [is_kept])
            plan = connection.execute("explain analyze " + queries("search")["search"], given).fetchall()
            [scan] = [line for (line,) in plan if "Function Scan" in line]
            assert expected in scan, "what is kept is not searched for"


def test_an_erasure_takes_everything_along(database: Any, folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("harbour.md", TEXT)
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            await reader.ask(QUESTION)
            assert (await reader.lookup(QUESTION)).state == "hit"
            cache = RetrievalCache(reader.pool, Room())
            _, hits = await reader.find(QUESTION)
            release = (await cache.get(reader.scope, "0" * 64)).release
            await cache.put(reader.scope, "0" * 64, release, [hits[0].chunk_id], [])

    asyncio.run(scenario())
    document = folder.document_id("harbour.md")
    with folder.bench.connect() as connection:
        erasure.erase_document(connection, folder.bench.store, document, "tester", "asked")
    with psycopg.connect(database.admin) as connection:
        for table in ("cached_answers", "cached_answer_chunks", "cached_retrievals"):
            counted = SQL("select count(*) from serving.{} where tenant_id = %s").format(Identifier(table))
            assert connection.execute(counted, [folder.name]).fetchone() == (0,), table


def test_a_key_holds_all_that_decides() -> None:
    from datetime import UTC, datetime
    from uuid import uuid4

    from serving.filters import Filters

    scope = Scope(uuid4(), "t", ("b", "a"))
    same = Scope(uuid4(), "t", ("a", "b"))
    key = retrieval_key(scope, "q", 1, "hybrid", 6)
    assert key == retrieval_key(same, "q", 1, "hybrid", 6)
    others = [
        retrieval_key(Scope(uuid4(), "t", ("a",)), "q", 1, "hybrid", 6),
        retrieval_key(scope, "r", 1, "hybrid", 6),
        retrieval_key(scope, "q", 2, "hybrid", 6),
        retrieval_key(scope, "q", 1, "text", 6),
        retrieval_key(scope, "q", 1, "hybrid", 7),
        retrieval_key(scope, "q", 1, "hybrid", 6, Filters(languages=["ko"])),
        retrieval_key(scope, "q", 1, "hybrid", 6, neighbours=1),
    ]
    assert len({key, *others}) == len(others) + 1
    assert retrieval_key(scope, "q", 1, "hybrid", 6, Filters(as_of=datetime.now(UTC))) is None
