"""Decide what changed: a listing against the registry, as values in and values out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ingestion.connectors import Listed
from ingestion.errors import ListingShrank
from ingestion.items import ChangeKind, Item

SHRINK_LIMIT = 0.30
SHRINK_FLOOR = 3


@dataclass(frozen=True)
class Known:
    """What the registry knows of one document, with its newest version's pipeline and fate."""

    uri: str
    etag: str | None
    byte_count: int | None
    modified_at: datetime | None
    status: str
    raw_sha256: str | None
    pipeline: str | None
    version_state: str | None
    reason: str | None


def detect_changes(listed: Iterable[Listed], known: Iterable[Known], pipeline: str) -> list[Item]:
    """Return one item for every document that is listed or known as active, ordered by uri.

    Equal entity tag and size mean unchanged bytes; they are still work when the pipeline that made the
    newest version is not today's. Where the source cannot say, the bytes are fetched and compared by their hash.
    """
    registry = {document.uri: document for document in known}
    items = {}
    for entry in listed:
        document = registry.get(entry.uri)
        items[entry.uri] = Item(
            uri=entry.uri,
            change=_change(entry, document, pipeline),
            etag=entry.etag,
            byte_count=entry.byte_count,
            modified_at=entry.modified_at,
            known_sha256=document.raw_sha256 if document and document.status == "active" else None,
            known_pipeline=document.pipeline if document else None,
        )
    for document in registry.values():
        if document.status == "active" and document.uri not in items:
            items[document.uri] = Item(uri=document.uri, change="removed")
    return [items[uri] for uri in sorted(items)]


def _change(entry: Listed, document: Known | None, pipeline: str) -> ChangeKind:
    if document is None or document.status == "deleted" or document.version_state is None:
        return "added"
    is_same = entry.etag is not None and entry.etag == document.etag and entry.byte_count in (None, document.byte_count)
    return "unchanged" if is_same and document.pipeline == pipeline else "changed"


def check_shrinkage(items: Iterable[Item], confirmed: bool) -> None:
    """Stop a run that would delete on the word of a listing that looks broken.

    A listing that is empty, or that lost more than 30 % of the known documents (and at least three), is more
    often a wrong prefix or a half-mounted bucket than a wish.

    Raises:
        ListingShrank: And nobody has confirmed it.
    """
    items = list(items)
    removed = sum(item.change == "removed" for item in items)
    known = sum(item.change != "added" for item in items)
    is_empty = removed == len(items) > 0
    is_shrunk = removed >= SHRINK_FLOOR and removed > SHRINK_LIMIT * known
    if (is_empty or is_shrunk) and not confirmed:
        raise ListingShrank(
            f"The listing lacks {removed} of {known} known documents, so nothing was deleted. If they are "
            "really gone, run again with --confirm-removals (in Airflow: confirm_removals)."
        )
