"""What the search statement promises: filters never starve it, words of both languages count, neighbours come along."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import psycopg
import pytest

from bench.search_corpus import load_passages
from bench.search_quality import Searcher
from corpus import analysis
from serving.filters import Filters

TOPICS = (
    "계정이 잠기면 관리자에게 문의하세요",
    "Reset your password in the settings",
    "휴가 신청은 인사팀에",
    "The canteen opens at noon",
)
PASSAGES = 400
TENANT = "starving"


@pytest.fixture(scope="module")
def vectors() -> Any:
    rows = np.random.default_rng(7).normal(size=(PASSAGES, 384)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def loaded(database: Any, vectors: Any) -> list[Any]:
    """A tenant whose vectors have an HNSW index."""
    texts = [f"{TOPICS[number % len(TOPICS)]} ({number})" for number in range(PASSAGES)]
    with psycopg.connect(database.conninfo("regesta_ingestion")) as connection:
        ids = load_passages(connection, TENANT, texts, vectors)
        assert connection.execute("select corpus.partition_tenant(%s, 1)", [TENANT]).fetchone() == (True,)
    return ids


@pytest.fixture
def searcher(database: Any, loaded: list[Any]) -> Any:
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        yield Searcher(connection, TENANT)


@pytest.mark.parametrize("exact_limit", [0, 20_000], ids=["by index", "exactly"])
@pytest.mark.parametrize("share", [1, 10])
def test_a_filter_finds_as_many_as_there_are_and_the_nearest(
    database: Any, loaded: list[Any], vectors: Any, share: int, exact_limit: int
) -> None:
    passing = [number for number in range(PASSAGES) if number % (100 // share) == 0]
    for probe in random.Random(share).sample(range(PASSAGES), 5):
        nearest = sorted(passing, key=lambda number: -float(vectors[number] @ vectors[probe]))[:10]
        with psycopg.connect(database.conninfo("regesta_serving")) as connection:
            connection.execute("select set_config('regesta.tenant_id', %s, true)", [TENANT])
            connection.execute("select set_config('regesta.access_groups', 'everyone', true)")
            rows = connection.execute(
                "select chunk_id from corpus.search_chunks('{}', %s, 10, metadata_filter => %s, exact_limit => %s)",
                [str(vectors[probe].tolist()), f'{{"tags": ["percent-{share}"]}}', exact_limit],
            ).fetchall()
        assert len(rows) == min(10, len(passing))
        assert len({row[0] for row in rows} & {loaded[number] for number in nearest}) >= min(10, len(passing)) - 1


@pytest.mark.parametrize(("question", "topic"), [("계정 잠김", 0), ("passwords reset", 1), ("휴가를 신청하려면", 2)])
def test_words_of_both_languages_find_their_passages(searcher: Searcher, question: str, topic: int) -> None:
    rows = searcher.search(analysis.lexemes(question), None, top_k=50)
    assert len(rows) == 50
    assert {row["text"].rpartition(" (")[0] for row in rows} == {TOPICS[topic]}
    assert all(row["text_score"] > 0 and row["similarity"] is None for row in rows)


def test_every_matching_passage_is_ranked(searcher: Searcher) -> None:
    rows = searcher.search(analysis.lexemes("canteen 399"), None, top_k=100)
    assert rows[0]["text"] == f"{TOPICS[3]} (399)"
    assert len(rows) == 100


def test_scores_are_shares_and_both_arms_judge_every_candidate(searcher: Searcher, vectors: Any) -> None:
    rows = searcher.search(analysis.lexemes("canteen"), vectors[3], top_k=20, text_weight=0.4)
    assert rows[0]["text"] == f"{TOPICS[3]} (3)"
    assert rows[0]["score"] == pytest.approx(1.0)
    assert all(0 <= row["score"] <= 1 and row["similarity"] is not None for row in rows)
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)


def test_ranks_can_be_fused_instead(searcher: Searcher, vectors: Any) -> None:
    rows = searcher.search(analysis.lexemes("canteen"), vectors[3], top_k=20, fusion="ranks")
    both = [row for row in rows if row["text_rank"] and row["vector_rank"]]
    assert both[0]["score"] == pytest.approx(1 / (60 + both[0]["text_rank"]) + 1 / (60 + both[0]["vector_rank"]))


def test_kinds_and_unknown_sources_narrow_to_nothing(searcher: Searcher, vectors: Any) -> None:
    for filters in (Filters(kinds=["table"]), Filters(sources=["nowhere"]), Filters(languages=[])):
        assert searcher.search(analysis.lexemes("canteen"), vectors[3], filters=filters) == []


def test_the_index_finds_what_is_nearest(database: Any, loaded: list[Any]) -> None:
    with psycopg.connect(database.conninfo("regesta_ingestion")) as connection:
        rows = connection.execute("select sampled, recall from corpus.vector_recall(20, 10)").fetchall()
    assert [sampled for sampled, _ in rows] == [20]
    assert rows[0][1] >= 0.98


def test_full_text_looks_at_one_tenants_passages_only(database: Any, loaded: list[Any]) -> None:
    noise = [f"Lunch is served in the hall ({number})" for number in range(PASSAGES)]
    looked_up = (
        "explain (analyze, costs off, timing off) select id from corpus.chunks"
        " where tenant_id = %s and is_live and lexemes @@ 'lunch'::tsquery"
    )
    with psycopg.connect(database.conninfo("regesta_owner")) as connection:
        load_passages(connection, "noisy", noise, np.zeros((PASSAGES, 384), np.float32) + 1)
        # Nothing but full text is left to choose.
        connection.execute("drop index corpus.chunks_tenant_hash")
        connection.execute("set local enable_seqscan = off")
        plan = "\n".join(line for (line,) in connection.execute(looked_up, [TENANT]).fetchall())
        connection.rollback()
    found = re.findall(r"Bitmap Index Scan on \S+ \(actual rows=(\d+)", plan)
    assert found == ["0"], plan
