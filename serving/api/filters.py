"""How a request narrows a search: the body of `filters`, and the time of `as_of`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from serving.filters import Between, Filters


class Body(BaseModel):
    """A request body; a field nobody knows is an error, not a silent no-op."""

    model_config = ConfigDict(extra="forbid")


def _written(value: Any) -> Any:
    """Refuse numbers, in which a number of seconds since 1970 would be seen."""
    if not isinstance(value, datetime | None) and not re.match(r"\d{4}-\d\d-\d\d", str(value)):
        raise ValueError("a time is written as 2026-11-20T09:00:00+09:00")
    return value


Word = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Text that Postgres can hold: it refuses the character NUL."""
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
AsOf = Annotated[
    Moment | None,
    Field(
        description="Look back: what was served at this time, as today's rights allow. Inside the retention window.",
        examples=["2026-11-20T09:00:00+09:00"],
    ),
]
Texts = Annotated[list[Word] | None, Field(max_length=50)]


class Span(Body):
    """A span of time, from `since` (inclusive) until `before` (exclusive); leave a side out to leave it open."""

    since: Moment | None = None
    before: Moment | None = None

    @model_validator(mode="after")
    def _is_in_order(self) -> Span:
        if self.since and self.before and self.since > self.before:
            raise ValueError("since lies after before")
        return self


class Entities(Body):
    """Names a document must mention, all of them."""

    people: Texts = None
    organisations: Texts = None
    places: Texts = None
    dates: Texts = None


class FilterBody(Body):
    """What a search is narrowed to; leave a field out to leave it open."""

    sources: list[Word] | None = Field(default=None, description="Names of sources.", examples=[["handbook"]])
    languages: list[Annotated[str, Field(pattern="^[a-z]{2,3}$")]] | None = Field(default=None, examples=[["ko"]])
    document_ids: list[UUID] | None = None
    kinds: list[Literal["text", "table", "code"]] | None = None
    titles: Texts = Field(default=None, description="Exact titles, any of them.")
    author: Word | None = None
    tags: Texts = Field(default=None, description="Every one of them.")
    keywords: Texts = Field(default=None, description="Every one of them.")
    entities: Entities | None = None
    programming_language: Word | None = Field(default=None, description="Of source code.", examples=["python"])
    published: Span | None = None
    created: Span | None = None
    modified: Span | None = None
    least_pages: int | None = Field(default=None, ge=0, le=2**31 - 2, strict=True)
    most_pages: int | None = Field(default=None, ge=0, le=2**31 - 2, strict=True)

    @model_validator(mode="after")
    def _has_pages_in_order(self) -> FilterBody:
        if self.least_pages is not None and self.most_pages is not None and self.least_pages > self.most_pages:
            raise ValueError("least_pages is more than most_pages")
        return self

    def to_filters(self, as_of: datetime | None = None) -> Filters:
        """Return them as the retriever takes them."""
        wants_pages = (self.least_pages, self.most_pages) != (None, None)
        return Filters(
            sources=self.sources,
            languages=self.languages,
            document_ids=self.document_ids,
            kinds=list(self.kinds) if self.kinds is not None else None,
            titles=self.titles,
            metadata=self._metadata(),
            published=_between(self.published),
            created=_between(self.created),
            modified=_between(self.modified),
            pages=(self.least_pages, self.most_pages) if wants_pages else None,
            as_of=as_of,
        )

    def _metadata(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "author": self.author,
            "tags": self.tags,
            "keywords": self.keywords,
            "programming_language": self.programming_language,
            "entities": self.entities.model_dump(exclude_none=True) if self.entities else None,
        }
        return {name: value for name, value in wanted.items() if value}


def _between(span: Span | None) -> Between | None:
    return Between(span.since, span.before) if span else None
