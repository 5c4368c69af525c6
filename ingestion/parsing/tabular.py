"""CSV: the delimiter is the one that cuts most lines alike; the first line is the header."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter

from ingestion.errors import Unparseable
from ingestion.items import Parsed
from ingestion.parsing.tables import check_cells, table_element
from ingestion.parsing.text import decode

DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 200


def parse_csv(data: bytes) -> Parsed:
    """Parse a file of delimited values in any of the encodings `decode` knows.

    Raises:
        Unparseable: It is no text, or has too many cells.
    """
    text = decode(data)
    csv.field_size_limit(sys.maxsize)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text)))
    check_cells(sum(map(len, rows)))
    table = table_element(rows)
    if table is None:
        raise Unparseable("empty", "no cell holds text")
    return Parsed((table,))


def delimiter(text: str) -> str:
    """Return the delimiter that cuts the most lines into the same number of cells; a comma if none does."""
    return max(DELIMITERS, key=lambda mark: (_agreement(text, mark), -DELIMITERS.index(mark)))


def _agreement(text: str, mark: str) -> tuple[int, bool, int]:
    widths: Counter[int] = Counter()
    for _, row in zip(range(_SAMPLE_ROWS), csv.reader(io.StringIO(text, newline=""), delimiter=mark), strict=False):
        widths[len(row)] += len(row) > 1
    width, lines = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return lines, _quotes_fit(text, mark), width


def _quotes_fit(text: str, mark: str) -> bool:
    """Whether every closing quote stands before this delimiter or a line's end; else it cuts inside of cells."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        for _ in zip(range(_SAMPLE_ROWS), rows, strict=False):
            pass
    except csv.Error:
        return False
    return True
