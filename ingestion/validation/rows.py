"""What the expectations look at: a row per document, per passage and per new vector of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion.items import Item
from ingestion.validation.expectations import ValidationRules

Row = dict[str, Any]


def rows(items: Sequence[Item], vectors: Mapping[str, NDArray[Any]], rules: ValidationRules) -> list[Row]:
    """Return all rows. No value an expectation looks at is missing, for missing values count as met.

    A vector several documents need has a row for each of them.
    """
    measures = {chunk_hash: _vector(vector) for chunk_hash, vector in vectors.items()}
    found: list[Row] = []
    for item in items:
        found.append({"subject": "document", "uri": item.uri, **_document(item, rules)})
        found += ({"subject": "chunk", "uri": item.uri, **row} for row in _chunks(item, rules))
        needed = dict.fromkeys(chunk.chunk_hash for chunk in item.chunks if chunk.chunk_hash in measures)
        found += ({"subject": "vector", "uri": item.uri, **measures[chunk_hash]} for chunk_hash in needed)
    return found


def _document(item: Item, rules: ValidationRules) -> Row:
    row: Row = {"passages": len(item.chunks), "language": item.language or ""}
    if rules.find_pii:
        headings = dict.fromkeys(heading for chunk in item.chunks for heading in chunk.heading_path)
        row["has_personal_data"] = any(rules.find_pii(text, "heading") for text in (item.title or "", *headings))
    return row


def _chunks(item: Item, rules: ValidationRules) -> Iterator[Row]:
    for chunk in item.chunks:
        row: Row = {"text": chunk.text, "tokens": chunk.token_count}
        if rules.find_pii:
            row["has_personal_data"] = rules.find_pii(chunk.text, chunk.kind)
        yield row


def _vector(vector: NDArray[Any]) -> Row:
    is_finite = bool(np.isfinite(vector).all())
    norm = float(np.linalg.norm(vector.astype(np.float64))) if is_finite else 0.0
    return {"dimensions": vector.size, "is_finite": is_finite, "norm": norm}
