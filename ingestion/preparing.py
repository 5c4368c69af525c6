"""What happens to one document between its bytes and its vectors, as values: mask, describe, cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from corpus import analysis
from ingestion import chunking, extraction, masking
from ingestion.connectors import file_name
from ingestion.deduplication import SignatureScheme
from ingestion.duplicates import sign_item
from ingestion.errors import Unparseable
from ingestion.items import Item, Parsed, Problem
from ingestion.sources import Source

Parse = Callable[[bytes, str], Parsed]
"""Takes bytes and media type; raises `Unparseable`. In production, a pool of confined processes."""


@dataclass(frozen=True)
class Policy:
    """What the owner of a source decided about its documents."""

    personal_data: masking.Policy
    profile: chunking.Profile
    key: bytes

    @classmethod
    def of(cls, source: Source, key: bytes) -> Policy:
        """Return a source's policy; `key` is that of the hashes of personal data."""
        # The database admits no other values.
        return cls(cast(masking.Policy, source.pii_policy), cast(chunking.Profile, source.chunking_profile), key)


def parse_item(item: Item, data: bytes, parse: Parse) -> Parsed | None:
    """Parse a document; what cannot be parsed is marked as a problem, and nothing is returned."""
    try:
        return parse(data, item.media_type or "")
    except Unparseable as error:
        item.problem = Problem("quarantined", str(error))
        return None


def describe_item(item: Item, parsed: Parsed, policy: Policy) -> None:
    """Take personal data out of a document and find its title, language and other metadata.

    What leaves here is masked: no later step, and no staged file, sees what the policy hides.
    """
    item.parsed, item.personal_data = masking.mask(parsed, policy.personal_data, policy.key)
    if not any(element.text.strip() for element in item.parsed.elements):
        item.problem = Problem("quarantined", "empty: nothing but personal data was in it, which the policy drops")
        item.parsed = None
        return
    name = file_name(item.uri)
    item.title = extraction.title(item.parsed, name)
    item.metadata = extraction.extract(item.parsed, name)
    item.language = item.metadata.get("language")


def chunk_item(
    item: Item, parsed: Parsed, limits: chunking.ChunkLimits, policy: Policy, scheme: SignatureScheme
) -> None:
    """Cut a document into passages, and sign its text."""
    text = chunking.normalised_text(parsed.elements)
    language = parsed.metadata.get("programming_language")
    item.chunks = tuple(chunking.chunk(parsed.elements, limits, policy.profile, language))
    item.content_hash = chunking.chunk_hash("document", (), text)
    item.language = item.language or analysis.language(text)
    sign_item(item, text, scheme)
    item.parsed = None
    if not item.chunks:
        item.problem = Problem("quarantined", "empty: the document has no passage of text")
