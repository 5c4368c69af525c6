"""Validation: what each expectation catches, what stops a batch, and that no check can pass by not running."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.settings import ROOT
from ingestion.items import Chunk, Item, Problem
from ingestion.validation import ExpectationResult, ValidationReport, ValidationRules, checkpoint, validate
from ingestion.validation.expectations import Expectation

DIMENSIONS = 8
RULES = ValidationRules(max_tokens=64, dimensions=DIMENSIONS, find_pii=lambda text, kind: "010-1234-5678" in text)


def chunk(name: str, text: str = "본문 text", token_count: int = 12, headings: tuple[str, ...] = ()) -> Chunk:
    return Chunk(name, text, headings, "text", token_count, None, 0, len(text))


def item(uri: str, *chunks: Chunk, language: str | None = "ko") -> Item:
    return Item(uri=uri, change="added", language=language, title="제목", chunks=chunks)


def good(count: int) -> list[Item]:
    return [item(f"s3://b/{number}.md", chunk(f"h{number}")) for number in range(count)]


def unit(items: list[Item]) -> dict[str, np.ndarray]:
    vector = np.full(DIMENSIONS, DIMENSIONS**-0.5, np.float32)
    return {chunk.chunk_hash: vector.copy() for item in items for chunk in item.chunks}


def result(report: ValidationReport, name: str) -> ExpectationResult:
    return next(result for result in report.results if result.expectation == name)


def test_a_good_batch_passes_and_everything_was_looked_at() -> None:
    items = good(3)
    report = validate(items, unit(items), RULES)
    assert (report.failing, report.batch_problem) == ({}, None)
    assert all(result.is_successful and result.element_count == 3 for result in report.results)
    names = [result.expectation for result in report.results]
    assert len(set(names)) == len(names)
    assert {result.scope for result in report.results} == {"document", "chunk", "vector", "batch"}


@pytest.mark.parametrize(
    ("bad", "expectation"),
    [
        (item("bad"), "document_has_passages"),
        (item("bad", chunk("h"), language="und"), "document_language_is_known"),
        (item("bad", chunk("h"), language=None), "document_language_is_known"),
        (
            item("bad", chunk("h", headings=("전화 010-1234-5678",))),
            "document_headings_have_no_unmasked_personal_data",
        ),
        (item("bad", chunk("h", " \n\t")), "chunk_text_is_not_empty"),
        (item("bad", chunk("h", token_count=65)), "chunk_token_count_is_within_limit"),
        (item("bad", chunk("h", token_count=0)), "chunk_token_count_is_within_limit"),
        (item("bad", chunk("a"), chunk("h", "전화 010-1234-5678")), "chunk_has_no_unmasked_personal_data"),
    ],
)
def test_a_bad_document_is_named_with_what_it_fails(bad: Item, expectation: str) -> None:
    items = [*good(4), bad]
    report = validate(items, unit(items), RULES)
    assert report.failing == {"bad": expectation}
    assert report.batch_problem is None
    found = result(report, expectation)
    assert not found.is_successful
    assert (found.unexpected_count, found.unexpected_uris) == (1, ["bad"])
    assert "bad" in found.details
    assert "010-1234" not in str(report)


@pytest.mark.parametrize(
    ("vector", "expectation"),
    [
        (np.full(DIMENSIONS, 1.0), "vector_has_unit_length"),
        (np.zeros(DIMENSIONS), "vector_has_unit_length"),
        (np.array([np.nan] + [0.0] * (DIMENSIONS - 1)), "vector_is_finite"),
        (np.array([np.inf] + [0.0] * (DIMENSIONS - 1)), "vector_is_finite"),
    ],
)
def test_one_bad_vector_fails_every_document_it_belongs_to(vector: np.ndarray, expectation: str) -> None:
    items = [*good(30), item("x", chunk("shared"))]
    report = validate(items, {**unit(items), "shared": vector}, RULES)
    assert report.failing == {"x": expectation}
    assert report.batch_problem is None
    items.append(item("y", chunk("shared"), chunk("other")))
    report = validate(items, {**unit(items), "shared": vector}, RULES)
    assert set(report.failing) == {"x", "y"}


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_many_bad_vectors_stop_the_batch(value: float) -> None:
    items = good(10)
    vectors = {**unit(items), "h0": np.full(DIMENSIONS, value), "h1": np.full(DIMENSIONS, value)}
    problem = validate(items, vectors, RULES).batch_problem
    assert problem and "2 of 10 new vectors" in problem


def test_one_vector_of_another_model_stops_the_batch() -> None:
    items = good(100)
    report = validate(items, {**unit(items), "h3": np.ones(1)}, RULES)
    assert report.batch_problem and "vector_has_the_models_dimensions" in report.batch_problem


def test_a_batch_of_mostly_bad_documents_stops_but_a_bad_file_in_a_small_one_does_not() -> None:
    bad = [item(f"bad{number}") for number in range(6)]
    small = validate(bad[:2], {}, RULES)
    assert (small.batch_problem, len(small.failing)) == (None, 2)
    large = validate([*bad, *good(5)], {}, RULES)
    assert large.batch_problem and "6 of 11 documents" in large.batch_problem
    assert not result(large, "batch_is_mostly_sound").is_successful
    assert validate([*bad, *good(6)], {}, RULES).batch_problem is None


def test_only_items_with_content_to_work_on_count() -> None:
    done = [
        Item(uri="gone", change="removed"),
        replace(item("same"), is_same_content=True),
        replace(item("broken"), problem=Problem("quarantined", "empty: nothing")),
    ]
    assert validate(done, {}, RULES) == ValidationReport()
    assert result(validate([*done, *good(1)], {}, RULES), "document_has_passages").element_count == 1


def test_personal_data_is_not_looked_for_where_it_is_allowed() -> None:
    report = validate([item("a", chunk("h", "010-1234-5678"))], {}, replace(RULES, find_pii=None))
    assert report.failing == {}
    assert not [result for result in report.results if "personal_data" in result.expectation]


def test_a_check_learns_what_kind_of_passage_it_reads() -> None:
    kinds: list[tuple[str, str]] = []

    def listen(text: str, kind: str) -> bool:
        kinds.append((text, kind))
        return False

    validate(
        [item("a", replace(chunk("h", "x = 1", headings=("둘",)), kind="code"))], {}, replace(RULES, find_pii=listen)
    )
    assert kinds == [("제목", "heading"), ("둘", "heading"), ("x = 1", "code")]


def test_an_expectation_that_raises_stops_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Expectation(
        "document_is_odd", "document", "no_such_column", "ExpectColumnValuesToMatchRegex", {"regex": "("}
    )
    monkeypatch.setattr("ingestion.validation.expectations", lambda rules: [broken])
    report = validate(good(2), {}, RULES)
    assert report.batch_problem and "document_is_odd could not be evaluated" in report.batch_problem
    assert not result(report, "document_is_odd").is_successful
    assert report.failing == {}


def test_a_value_that_is_missing_is_not_taken_for_a_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expectation = Expectation(
        "vector_has_unit_length", "vector", "norm", "ExpectColumnValuesToBeBetween", {"min_value": 0}
    )
    rows = [{"subject": "vector", "uri": "a", "norm": float("nan")}, {"subject": "vector", "uri": "b", "norm": 1.0}]
    (outcome,) = checkpoint.run([expectation], rows)
    assert outcome.fault and "1 of 2 rows" in outcome.fault


def test_a_checkpoint_that_cannot_run_stops_the_batch() -> None:
    def broken(text: str, kind: str) -> bool:
        raise RuntimeError("no recogniser")

    report = validate(good(1), {}, replace(RULES, find_pii=broken))
    assert report.batch_problem and "no recogniser" in report.batch_problem
    assert [result.is_successful for result in report.results] == [False]


BAD: Mapping[str, Chunk] = {
    "empty": chunk("", "  "),
    "long": chunk("", token_count=99),
    "personal": chunk("", "call 010-1234-5678"),
}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["good", "empty", "long", "personal"]), min_size=1, max_size=12))
def test_exactly_the_bad_documents_are_named(kinds: list[str]) -> None:
    items = [
        item(f"{number}", replace(BAD.get(kind, chunk("")), chunk_hash=f"h{number}"))
        for number, kind in enumerate(kinds)
    ]
    report = validate(items, unit(items), RULES)
    assert set(report.failing) == {str(number) for number, kind in enumerate(kinds) if kind != "good"}
    bad = sum(result.unexpected_count for result in report.results if result.scope == "chunk")
    assert bad == len(report.failing)


def test_validation_is_silent_and_leaves_no_files(tmp_path: Path) -> None:
    """Nothing is printed, and nothing written to the working directory or the home."""
    program = (
        "from ingestion.items import Item; from ingestion.validation import validate, ValidationRules;"
        "assert validate([Item(uri='a', change='added')], {}, ValidationRules(9, 9)).failing"
    )
    environment: dict[str, Any] = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
