"""The default profile: by heading, paragraph and sentence; tables with their header; code apart."""

from __future__ import annotations

from dataclasses import replace

from corpus.analysis import sentences
from ingestion.chunking import chunk
from ingestion.items import Element
from tests.unit.ingestion.chunking.documents import LIMITS


def test_chunk_carries_the_heading_path() -> None:
    document = [
        Element("heading", "A", 1), Element("text", "one"), Element("heading", "B", 2), Element("text", "two"),
        Element("heading", "C", 2), Element("text", "three"), Element("heading", "D", 1), Element("text", "four"),
    ]  # fmt: skip
    assert [(part.heading_path, part.text) for part in chunk(document, LIMITS)] == [
        (("A",), "one"), (("A", "B"), "two"), (("A", "C"), "three"), (("D",), "four"),
    ]  # fmt: skip


def test_sections_of_one_name_stay_apart() -> None:
    document = [Element("heading", "A", 1), Element("text", "one"), Element("heading", "A", 1), Element("text", "two")]
    assert [part.text for part in chunk(document, LIMITS)] == ["one", "two"]


def test_chunk_keeps_a_heading_that_has_no_body() -> None:
    document = [Element("heading", "Guide", 1), Element("heading", "Call 02-1234", 2), Element("heading", "End", 2)]
    assert [part.text for part in chunk(document, LIMITS)] == ["Call 02-1234", "End"]


def test_chunk_leaves_short_tables_and_code_whole_and_apart() -> None:
    document = [
        Element("text", "before"), Element("table", "a | b\n1 | 2"), Element("code", "  x = 1"),
        Element("text", "after"),
    ]  # fmt: skip
    assert [(part.kind, part.text) for part in chunk(document, LIMITS)] == [
        ("text", "before"), ("table", "a | b\n1 | 2"), ("code", "  x = 1"), ("text", "after"),
    ]  # fmt: skip


def test_chunk_cuts_a_long_paragraph_between_sentences() -> None:
    sentences = [f"This sentence has the number {number} in it. " for number in range(30)]
    parts = chunk([Element("text", "".join(sentences))], LIMITS)
    assert len(parts) > 3
    assert all(part.text.endswith("it.") and part.text.startswith("This") for part in parts)


def test_chunk_cuts_a_long_korean_paragraph_between_sentences_of_the_real_analysis() -> None:
    paragraph = "".join(f"휴가 규정 {number}조는 다음 해부터 시행한다. " for number in range(30))
    parts = chunk([Element("text", paragraph)], replace(LIMITS, split_sentences=sentences))
    assert len(parts) > 3
    assert all(part.text.startswith("휴가") and part.text.endswith("시행한다.") for part in parts)


def test_chunk_cuts_a_long_table_between_rows_and_repeats_its_header() -> None:
    rows = [f"row {number} | value {number * 7 % 100}" for number in range(60)]
    document = [Element("heading", "A", 1), Element("table", "\n".join(("name | value", *rows)))]
    parts = chunk(document, LIMITS)
    assert len(parts) > 4
    assert all(part.kind == "table" and part.text.startswith("name | value\nrow ") for part in parts)
    assert [row for part in parts for row in part.text.split("\n")[1:]] == rows


def test_a_table_whose_header_fills_a_passage_is_cut_without_repeating_it() -> None:
    header = " | ".join(f"column {number}" for number in range(20))
    parts = chunk([Element("table", "\n".join([header] + [f"{number} | 1 | 2" for number in range(40)]))], LIMITS)
    assert sum(header in part.text for part in parts) == 1


def test_chunk_strips_what_the_database_cannot_hold() -> None:
    [part] = chunk([Element("text", "a\x00b \ud800 c")], LIMITS)
    assert part.text == "ab ? c"
