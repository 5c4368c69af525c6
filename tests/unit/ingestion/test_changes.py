"""Change detection: a listing against the registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.changes import Known, check_shrinkage, detect_changes
from ingestion.connectors import Listed
from ingestion.errors import ListingShrank
from ingestion.items import Item

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def listed(uri: str, etag: str = "e1", size: int = 3) -> Listed:
    return Listed(uri, etag, size, NOW)


def known(uri: str, etag: str = "e1", size: int = 3, status: str = "active", pipeline: str = "p1") -> Known:
    return Known(uri, etag, size, NOW, status, "sha", pipeline, "current", None)


@pytest.mark.parametrize(
    ("entry", "document", "change"),
    [
        (listed("a"), None, "added"),
        (listed("a"), known("a"), "unchanged"),
        (listed("a", etag="e2"), known("a"), "changed"),
        (listed("a", size=4), known("a"), "changed"),
        (listed("a"), known("a", pipeline="p0"), "changed"),
        (listed("a"), known("a", status="deleted"), "added"),
        (None, known("a"), "removed"),
    ],
)
def test_detect_changes_names_the_change(entry: Listed | None, document: Known | None, change: str) -> None:
    items = detect_changes([entry] if entry else [], [document] if document else [], "p1")
    assert [item.change for item in items] == [change]


@pytest.mark.parametrize(
    ("entry", "etag", "change"),
    [
        (Listed("a", "e1", None, None), "e1", "unchanged"),
        (Listed("a", "e2", None, None), "e1", "changed"),
        (Listed("a", None, None, None), "e1", "changed"),
        (Listed("a", None, 3, None), None, "changed"),
    ],
)
def test_detect_changes_fetches_what_the_source_cannot_tell_apart(entry: Listed, etag: str | None, change: str) -> None:
    document = replace(known("a"), etag=etag)
    item = detect_changes([entry], [document], "p1")[0]
    assert (item.change, item.known_sha256) == (change, document.raw_sha256)


def test_detect_changes_forgets_what_was_deleted_before() -> None:
    assert detect_changes([], [known("a", status="deleted")], "p1") == []


uris = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(uris, uris)
def test_detect_changes_accounts_for_every_document_once(seen: list[str], registry: list[str]) -> None:
    items = detect_changes(map(listed, seen), map(known, registry), "p1")
    assert [item.uri for item in items] == sorted({*seen, *registry})
    assert {item.uri for item in items if item.change == "removed"} == {*registry} - {*seen}


def items_after(listed_count: int, known_count: int) -> list[Item]:
    names = [f"d{number:03}" for number in range(known_count)]
    return detect_changes(map(listed, names[:listed_count]), map(known, names), "p1")


def test_check_shrinkage_stops_an_empty_listing() -> None:
    with pytest.raises(ListingShrank, match="lacks 3 of 3"):
        check_shrinkage(items_after(0, 3), confirmed=False)


def test_check_shrinkage_stops_a_loss_of_a_third_and_allows_a_tenth() -> None:
    with pytest.raises(ListingShrank):
        check_shrinkage(items_after(60, 100), confirmed=False)
    check_shrinkage(items_after(90, 100), confirmed=False)


def test_check_shrinkage_lets_a_small_source_lose_one_of_two() -> None:
    check_shrinkage(items_after(1, 2), confirmed=False)


def test_check_shrinkage_obeys_a_person() -> None:
    check_shrinkage(items_after(0, 3), confirmed=True)


def test_check_shrinkage_allows_an_empty_source_that_was_always_empty() -> None:
    check_shrinkage([], confirmed=False)
