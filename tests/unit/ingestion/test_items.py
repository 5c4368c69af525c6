"""Items survive staging, and batches stay few."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ingestion.items import Chunk, Element, Item, Parsed, Problem, batches, dump_items, load_items


def test_items_survive_staging() -> None:
    items = [
        Item(
            uri="s3://b/연차 규정.md", change="changed", etag="e", byte_count=3,
            modified_at=datetime(2026, 1, 2, tzinfo=UTC),
            sha256="0" * 64, parsed=Parsed((Element("heading", "제목\n", 1, 2),), "t", {"author": "나"}),
            chunks=(Chunk("h", "본문", ("a", "b"), "text", 3, None, 0, 2),),
        ),
        Item(uri="u", change="removed"),
        Item(uri="v", change="added", problem=Problem("quarantined", "empty: nothing")),
    ]  # fmt: skip
    assert load_items(dump_items(items)) == items


@given(st.integers(0, 5000), st.integers(1, 300), st.integers(1, 8))
def test_batches_cover_everything_and_stay_within_the_limit(count: int, size: int, limit: int) -> None:
    items = [Item(uri=str(number), change="added") for number in range(count)]
    found = batches(items, size, limit)
    assert [item for batch in found for item in batch] == items
    assert len(found) <= limit
    assert all(found)
