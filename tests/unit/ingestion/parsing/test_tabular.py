"""Delimited values."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.parsing.tabular import DELIMITERS, delimiter, parse_csv

CELL = st.text(st.characters(categories=("L", "N", "P"), exclude_characters='"')).map(lambda text: f"셀{text}")


@pytest.mark.parametrize("mark", DELIMITERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_parse_csv_finds_delimiter_and_encoding(mark: str, encoding: str) -> None:
    text = f'요금제{mark}가격\r\n"팀{mark} 여럿"{mark}"6,900\n원"\r\n\r\n'
    [table] = parse_csv(text.encode(encoding)).elements
    assert (table.kind, table.text) == ("table", f"요금제 | 가격\n팀{mark.strip()} 여럿 | 6,900 원")


@example([["셀", "셀;", "셀;0"], ["셀", "셀;", "셀;"]], "\t")
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=2, max_size=5), st.sampled_from(DELIMITERS))
def test_every_cell_arrives(rows: list[list[str]], mark: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=mark, quoting=csv.QUOTE_ALL).writerows(rows)
    [table] = parse_csv(buffer.getvalue().encode()).elements
    assert table.text == "\n".join(" | ".join(row) for row in rows)


def test_one_column_needs_no_delimiter() -> None:
    assert delimiter("a\nb\n") == ","
    assert parse_csv(b"a\nb\n").elements[0].text == "a\nb"
