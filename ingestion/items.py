"""The values that travel between steps: an item is one listed document on its way through a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

ChangeKind = Literal["added", "changed", "unchanged", "removed"]
ElementKind = Literal["heading", "text", "table", "code"]
ChunkKind = Literal["text", "table", "code"]


@dataclass(frozen=True)
class Element:
    """One structural piece of a document, in reading order.

    Attributes:
        level: Of a heading, 1 for the outermost; 0 otherwise.
        page: From 1; None where the format has no pages.
    """

    kind: ElementKind
    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True)
class Parsed:
    """What a parser made of a document's bytes.

    Attributes:
        metadata: JSON-ready. Names are fixed, values only what the file itself says: `author`, `created_at`,
            `modified_at`, `published_at` (ISO 8601), `tags` (list), `page_count` (int), `language`,
            `publication_state` (draft, published or archived).
    """

    elements: tuple[Element, ...]
    title: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chunk:
    """A passage: what is embedded, searched and cited.

    Attributes:
        chunk_hash: Of kind, heading path and text; equal hashes share a vector.
        char_start: First character in the document's normalised text; `char_end` is one past the last.
        lexemes: For full text, as a `tsvector` literal; None where the tenant's passages have it already.
        lexeme_count: How many, with repetition.
    """

    chunk_hash: str
    text: str
    heading_path: tuple[str, ...]
    kind: ChunkKind
    token_count: int
    page: int | None
    char_start: int
    char_end: int
    lexemes: str | None = None
    lexeme_count: int = 0


@dataclass
class Item:
    """One document of a batch; each step fills in its part.

    `problem` is set by the step that found one; later steps pass such an item through to the ledger.

    Attributes:
        personal_data: How many values of each type were masked.
        min_hashes: The MinHash signature of the text, base64; None when the text is too short for one.
    """

    uri: str
    change: ChangeKind
    etag: str | None = None
    byte_count: int | None = None
    modified_at: datetime | None = None
    known_sha256: str | None = None
    known_pipeline: str | None = None
    sha256: str | None = None
    media_type: str | None = None
    is_same_content: bool = False
    problem: Problem | None = None
    parsed: Parsed | None = None
    content_hash: str | None = None
    title: str | None = None
    language: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    personal_data: dict[str, int] = field(default_factory=dict)
    min_hashes: str | None = None
    shingle_count: int = 0
    chunks: tuple[Chunk, ...] = ()
    chunks_embedded: int = 0
    tokens_embedded: int = 0

    @property
    def is_pending(self) -> bool:
        """Whether steps still have content to work on."""
        return self.change != "removed" and self.problem is None and not self.is_same_content


@dataclass(frozen=True)
class Problem:
    """Why an item stops here: `quarantined` for its content's fault, `failed` for ours or the network's."""

    outcome: Literal["quarantined", "failed"]
    reason: str


_ITEM = TypeAdapter(Item)


def dump_items(items: Iterable[Item]) -> bytes:
    """Serialise items as JSON lines."""
    return b"".join(_ITEM.dump_json(item, exclude_defaults=True) + b"\n" for item in items)


def load_items(data: bytes) -> list[Item]:
    """Read back what `dump_items` wrote."""
    return [_ITEM.validate_json(line) for line in data.splitlines()]


def batches(items: Sequence[Item], size: int, limit: int) -> list[list[Item]]:
    """Split items into at most `limit` batches of about `size`, which grow when there are more.

    A mapped task costs about a second of orchestration, so batches are few and large.
    """
    width = max(size, -(-len(items) // limit))
    return [list(items[start : start + width]) for start in range(0, len(items), width)]
