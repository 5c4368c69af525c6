"""What a search is narrowed to: sources, metadata, dates, and a time to look back to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from psycopg.types.range import Int4Range, TimestamptzRange


@dataclass(frozen=True)
class Between:
    """A span of time: from `start`, inclusive, until `end`, exclusive; None leaves a side open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Filters:
    """What a search is narrowed to; None leaves a field open, an empty list matches nothing.

    Attributes:
        metadata: What a version's metadata must contain, such as `{"tags": ["hr"], "author": "Kim"}`; every value
            of a list must be there.
        pages: Least and greatest page count.
        as_of: Search what was served at this time, instead of now.
    """

    sources: list[str] | None = None
    languages: list[str] | None = None
    document_ids: list[UUID] | None = None
    kinds: list[str] | None = None
    titles: list[str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    published: Between | None = None
    created: Between | None = None
    modified: Between | None = None
    pages: tuple[int | None, int | None] | None = None
    as_of: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """Return them as the search statement takes them."""
        return {
            "sources": self.sources,
            "languages": self.languages,
            "document_ids": self.document_ids,
            "kinds": self.kinds,
            "titles": self.titles,
            "metadata": Jsonb(self.metadata) if self.metadata else None,
            "published": _range(self.published),
            "created": _range(self.created),
            "modified": _range(self.modified),
            "page_count": Int4Range(*self.pages, "[]") if self.pages else None,
            "as_of": self.as_of,
        }


EVERYTHING = Filters()


def _range(between: Between | None) -> TimestamptzRange | None:
    return TimestamptzRange(between.start, between.end) if between else None
