"""What happens to one document between its bytes and its vectors, as values: mask, describe, cut, analyse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
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

_WINDOW = 1_000_000
"""Characters whose morphemes are kept at a time: it bounds memory, whatever the size of a batch."""


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


def mask_item(item: Item, parsed: Parsed, policy: Policy) -> None:
    """Take personal data out of a document: no later step, and no staged file, sees what the policy hides."""
    item.parsed, item.personal_data = masking.mask(parsed, policy.personal_data, policy.key)
    if not any(element.text.strip() for element in item.parsed.elements):
        item.problem = Problem("quarantined", "empty: nothing but personal data was in it, which the policy drops")
        item.parsed = None


def windows(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Return items in their order, in groups of about `_WINDOW` characters."""
    group: list[Item] = []
    length = 0
    for item in items:
        group.append(item)
        length += sum(len(element.text) for element in item.parsed.elements) if item.parsed else 0
        if length >= _WINDOW:
            yield group
            group, length = [], 0
    if group:
        yield group


def korean_last(items: Iterable[Item]) -> list[Item]:
    """Return items with those whose Korean `reading_ahead` has read last of all: others are worked on meanwhile."""
    return sorted(items, key=lambda item: bool(item.parsed and _is_korean(item.parsed)))


def _is_korean(parsed: Parsed) -> bool:
    return analysis.language(" ".join(element.text for element in parsed.elements[:10])) == "ko"


def reading_ahead(items: Iterable[Item]) -> AbstractContextManager[None]:
    """Have the Korean read that `describe_item` looks at; the same morphemes then serve `analyse_items`."""
    documents = [extraction.paragraphs(item.parsed) for item in items if item.parsed]
    return analysis.read_ahead(text for headings, body in documents for text in (*headings, *body))


def describe_item(item: Item, parsed: Parsed) -> None:
    """Find a document's title, language and other metadata."""
    name = file_name(item.uri)
    item.title = extraction.title(parsed, name)
    item.metadata = extraction.extract(parsed, name)
    item.language = item.metadata.get("language")


def chunk_item(
    item: Item, parsed: Parsed, limits: chunking.ChunkLimits, policy: Policy, scheme: SignatureScheme
) -> None:
    """Cut a document into passages, and sign its text."""
    text = chunking.normalised_text(parsed.elements)
    language = parsed.metadata.get("programming_language")
    item.chunks = tuple(chunking.chunk(parsed.elements, limits, policy.profile, language))
    item.content_hash = chunking.chunk_hash("document", (), text)
    sign_item(item, text, scheme)
    item.parsed = None
    if not item.chunks:
        item.problem = Problem("quarantined", "empty: the document has no passage of text")


def analyse_items(items: Sequence[Item], known: Set[str]) -> None:
    """Find the words of passages for full text, except of those whose hashes are known: they have them already."""
    new = {chunk.chunk_hash: chunk for item in items for chunk in item.chunks if chunk.chunk_hash not in known}
    texts = (analysis.passage(chunk.heading_path, chunk.text) for chunk in new.values())
    words = dict(zip(new, analysis.lexemes_of(texts), strict=True))
    for item in items:
        item.chunks = tuple(
            chunk if (found := words.get(chunk.chunk_hash)) is None
            else replace(chunk, lexemes=analysis.tsvector(found), lexeme_count=len(found))
            for chunk in item.chunks
        )  # fmt: skip
