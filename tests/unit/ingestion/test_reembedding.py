"""The pure parts of a model change: figures of a comparison, words of an estimate, what a candidate is."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.settings import CorpusSettings
from ingestion.errors import IngestionError
from ingestion.reembedding import Comparison, Estimate, candidate_spec
from ingestion.reembedding.comparing import SAMPLE_QUESTIONS, read_questions
from ingestion.reembedding.estimating import duration
from ingestion.reembedding.quality import by_language, first_rank, overlap, quality

A, B, C = (UUID(int=number) for number in (1, 2, 3))
RANKS = st.lists(st.none() | st.integers(1, 50), min_size=1)


def test_a_document_counts_once_however_many_of_its_passages_come_first() -> None:
    ranking = [(UUID(int=10), A), (UUID(int=11), A), (UUID(int=12), B)]
    assert first_rank(ranking, [B]) == 2
    assert first_rank(ranking, [A, B]) == 1
    assert first_rank(ranking, [C]) is None


def test_quality_of_known_ranks() -> None:
    found = quality([1, 2, None, 10])
    assert (found.questions, found.hit_at_1, found.hit_at_5) == (4, 0.25, 0.5)
    assert found.mrr == pytest.approx((1 + 0.5 + 0.1) / 4)


@given(RANKS)
def test_figures_are_shares_in_order(ranks: list[int | None]) -> None:
    found = quality(ranks)
    assert 0 <= found.hit_at_1 <= found.hit_at_5 <= 1
    assert found.hit_at_1 <= found.mrr <= 1
    better = quality([1 if rank is None else rank for rank in ranks])
    assert better.mrr >= found.mrr


@given(RANKS)
def test_languages_add_up_to_all(ranks: list[int | None]) -> None:
    languages = ["ko" if number % 3 else "en" for number in range(len(ranks))]
    found = by_language(ranks, languages)
    whole, parts = found.pop("all"), found.values()
    assert sum(part.questions for part in parts) == whole.questions == len(ranks)
    assert sum(part.mrr * part.questions for part in parts) == pytest.approx(whole.mrr * whole.questions)


def test_overlap_is_the_share_of_passages_in_common() -> None:
    first = [[(UUID(int=n), A) for n in range(10)]]
    assert overlap([first, first]) == 1.0
    assert overlap([first, [[(UUID(int=n), A) for n in range(5, 15)]]]) == 0.5
    assert overlap([first, [[]]]) == 0.0
    assert overlap([first]) is None


def test_the_sample_questions_are_a_golden_set() -> None:
    questions = read_questions(SAMPLE_QUESTIONS)
    assert {question["language"] for question in questions} == {"ko", "en"}


@pytest.mark.parametrize("content", ["{", '{"question": "?"}', '{"question": 1, "uri": "a"}', "[1]"])
def test_a_golden_set_that_cannot_be_read_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text(content)
    with pytest.raises(IngestionError, match="golden"):
        read_questions(path)
    with pytest.raises(IngestionError, match="FileNotFoundError"):
        read_questions(tmp_path / "nowhere.jsonl")


def test_a_comparison_without_questions_says_what_to_set() -> None:
    nothing = Comparison(40, 0)
    assert "REGESTA_GOLDEN_SET" in nothing.note() and nothing.rows() == []
    assert json.dumps(nothing.as_dict())


def test_a_comparison_is_a_table_by_model_and_language() -> None:
    found = Comparison(3, 2, {"m (1)": by_language([1, None], ["ko", "en"])}, 0.25)
    assert [(row["language"], row["hit_at_1"]) for row in found.rows()] == [("all", 0.5), ("ko", 1.0), ("en", 0.0)]
    assert "2 of 3" in found.note() and "25%" in found.note()


@pytest.mark.parametrize(("seconds", "words"), [(0.04, "0.0 s"), (59, "59.0 s"), (90, "2 min"), (7260, "2 h 01 min")])
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_an_estimate_warns_of_passages_the_model_cannot_read_to_the_end() -> None:
    tenants = [{"tenant_id": "t", "chunk_count": 1000, "token_count": 90_000}]
    assert "longer than the model reads" in str(Estimate(1000, 100_000, 75.0, 30, 64, tenants))
    assert "longer" not in str(Estimate(1000, 100_000, 75.0, 0, 64, tenants))
    assert str(Estimate(0, 0, 0.0, 0, 0, [])) == "nothing is left to embed"


def test_a_candidate_takes_defaults_and_not_the_serving_models_settings() -> None:
    own = CorpusSettings(embedding_query_prefix="Q ", embedding_url="http://a/v1", embedding_batch_size=3)  # type: ignore[call-arg]
    spec = candidate_spec(own, "http", "m", url="http://b/v1", dimensions=8, query_prefix=None, passage_prefix="")
    assert (spec.query_prefix, spec.passage_prefix, spec.url, spec.batch_size) == ("query: ", "", "http://b/v1", 3)
    with pytest.raises(IngestionError, match="name of a model"):
        candidate_spec(own, "sentence_transformers")
