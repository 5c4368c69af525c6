"""Find near-identical documents while publishing: signatures and bands are rows, so nothing is found twice."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from ingestion.deduplication import Signature, SignatureScheme, band_hashes, from_bytes, near_duplicates, sign, to_bytes
from ingestion.items import Item
from sql import queries


@dataclass(frozen=True)
class DuplicateSearch:
    """How near-duplicates are looked for.

    Attributes:
        threshold: Estimated Jaccard similarity from which two documents are one.
        candidate_limit: At most this many versions per band, and candidates per document, are looked at.
    """

    scheme: SignatureScheme = field(default_factory=SignatureScheme)
    threshold: float = 0.8
    candidate_limit: int = 200


def sign_item(item: Item, text: str, scheme: SignatureScheme) -> None:
    """Put the signature of a document's text into its item; one too short for it gets none."""
    signature = sign(text, scheme)
    item.shingle_count = signature.shingle_count
    item.min_hashes = None if signature.is_empty else base64.b64encode(to_bytes(signature)).decode()


def signature_columns(item: Item, scheme: SignatureScheme) -> tuple[str, int, bytes | None]:
    """Return scheme, shingle count and values as they are stored."""
    values = base64.b64decode(item.min_hashes) if item.min_hashes else None
    return scheme.name, item.shingle_count, values


def band_rows(item: Item, scheme: SignatureScheme) -> Iterator[tuple[str, int, int]]:
    """Yield uri, band number and band hash for every band of an item's signature."""
    if item.min_hashes:
        signature = from_bytes(base64.b64decode(item.min_hashes), item.shingle_count)
        for number, band_hash in enumerate(band_hashes(signature, scheme)):
            yield item.uri, number, band_hash


def find_duplicates(connection: psycopg.Connection[Any], tenant_id: str, search: DuplicateSearch) -> None:
    """Store the staged versions' signatures and every pair they form with another document of the tenant.

    Belongs into the publishing transaction, under the tenant's lock: two documents published at the same time
    would otherwise not see each other.
    """
    names = queries("publish")
    scope = {"tenant_id": tenant_id, "candidate_limit": search.candidate_limit}
    connection.execute(names["insert_signatures"], scope)
    connection.execute(names["insert_signature_bands"], scope)
    connection.execute("analyze staged_items; analyze staged_bands")
    pairs = [
        (version_id, other_version_id, round(similarity, 4))
        for version_id, (signature, candidates) in _candidates(connection, scope).items()
        for other_version_id, similarity in near_duplicates(signature, candidates, search.threshold)
    ]
    columns = zip(*pairs, strict=True) if pairs else ((), (), ())
    found = dict(zip(("version_ids", "other_version_ids", "similarities"), map(list, columns), strict=True))
    connection.execute(names["insert_similarities"], found)
    connection.execute(names["insert_exact_similarities"], scope)


def _candidates(
    connection: psycopg.Connection[Any], scope: dict[str, Any]
) -> dict[UUID, tuple[Signature, dict[UUID, Signature]]]:
    """Return the candidates of every staged version, with both signatures."""
    found: dict[UUID, tuple[Signature, dict[UUID, Signature]]] = {}
    others: dict[UUID, dict[UUID, Signature]] = defaultdict(dict)
    for row in connection.execute(queries("publish")["similar_candidates"], scope):
        version_id, other_version_id, values, count, other_values, other_count = row
        others[version_id][other_version_id] = from_bytes(other_values, other_count)
        found[version_id] = (from_bytes(values, count), others[version_id])
    return found
