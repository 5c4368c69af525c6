"""What every kind of source can do, whatever lies behind it: be listed, and be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Listed:
    """One document as its source lists it, before anything is downloaded.

    Attributes:
        etag: Changes whenever the bytes do; None where the source cannot say, so the bytes must be compared.
        byte_count: Size; None where it is known only after reading.
        modified_at: Orders the states of this document: a later state never has an earlier time. None where
            the source cannot promise that, as with a file that was put back with its old date.
    """

    uri: str
    etag: str | None
    byte_count: int | None
    modified_at: datetime | None


@dataclass(frozen=True)
class Fetched:
    """The bytes of one document.

    Attributes:
        media_type: What the source says it is; None leaves it to the name and the bytes.
    """

    data: bytes
    media_type: str | None = None


class Connector(Protocol):
    """One source, ready to be listed and read; `read` may be called from several threads at once.

    Attributes:
        removals_are_explicit: Whether a document that is not listed was withdrawn by somebody, so that an
            empty listing is a wish and not a mishap.
    """

    removals_are_explicit: bool

    def read(self, uri: str) -> Fetched:
        """Return a listed document.

        Raises:
            SourceUnavailable: This document cannot be read; the others may.
        """
        ...

    def list(self) -> Sequence[Listed]:
        """Return every document there is, each once.

        Raises:
            SourceUnavailable: The source cannot be listed completely. A part is never passed off as the whole.
        """
        ...


def file_name(uri: str) -> str:
    """Return the last path segment of an address; of a web address without query and percent signs."""
    if uri.startswith(("http://", "https://")):
        uri = unquote(urlsplit(uri).path)
    return uri.rsplit("/", 1)[-1]
