"""The landing door: how a document is handed in or withdrawn, by whichever program.

Raw object first, then its rows, so that a row never points to nothing. What is written here is only an outbox;
ingestion notices it and works.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg

from corpus.errors import CorpusError
from corpus.objects import ObjectStore, raw_key
from sql import queries

Connection = psycopg.Connection[Any]
MAX_NAME = 200
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make a name look like another one."""


class LandingRefused(CorpusError):
    """What was handed in is not taken; the message says why and what to do."""


@dataclass(frozen=True)
class Arrival:
    """One row of `landing.arrivals`: a document that was handed in (`put`) or withdrawn (`delete`)."""

    id: UUID
    source: str
    uri: str
    kind: Literal["put", "delete"]
    sha256: str | None
    byte_count: int | None
    arrived_at: datetime


def put(
    connection: Connection, store: ObjectStore, source: str, name: str, data: bytes, *,
    media_type: str, actor: str, max_bytes: int,
) -> Arrival:  # fmt: skip
    """Hand in a document: its first version, or a new one under the same name.

    Args:
        source: Name of an upload source.
        name: The document's name in it; see `document_name`.
        media_type: For the record of the raw object; parsing looks at the bytes itself.
        actor: Who does this.

    Raises:
        LandingRefused: It is empty or too large, the name cannot be used, the source is no upload source, or the
            document was erased for good.
    """
    uri = upload_uri(source, name)
    if not data:
        raise LandingRefused(f"{name!r} is empty; nothing was handed in.")
    if len(data) > max_bytes:
        raise LandingRefused(
            f"{name!r} has {len(data)} bytes, the limit is {max_bytes} (REGESTA_MAX_DOCUMENT_BYTES). "
            "Split it, or raise the limit."
        )
    sha256 = store.land(data)
    landed = {"sha256": sha256, "s3_key": raw_key(sha256), "byte_count": len(data), "media_type": media_type}
    with connection.transaction():
        scope = _lock_source(connection, source, uri)
        store.land(data)  # again: a purge may have removed these bytes before the lock
        connection.execute(queries("arrivals")["add_object"], landed)
        return _add(connection, source, "put", {**scope, "sha256": sha256, "byte_count": len(data), "actor": actor})


def withdraw(connection: Connection, source: str, name: str, *, actor: str) -> Arrival:
    """Withdraw a document; the next run takes it out of everything readers see.

    Raises:
        LandingRefused: No such document is there.
    """
    uri = upload_uri(source, name)
    with connection.transaction():
        scope = _lock_source(connection, source, uri)
        newest = connection.execute(queries("arrivals")["newest_arrival"], scope).fetchone()
        if newest is None or newest[0] != "put":
            raise LandingRefused(f"There is no {uri}; `regesta documents list --source {source}` shows what there is.")
        return _add(connection, source, "delete", {**scope, "sha256": None, "byte_count": None, "actor": actor})


def upload_uri(source: str, name: str) -> str:
    """Return the address of an uploaded document."""
    return f"upload://{source}/{document_name(name)}"


def document_name(name: str) -> str:
    """Return a name as documents are told apart by: composed Unicode (macOS sends decomposed), no outer blanks.

    Raises:
        LandingRefused: It is empty, too long, a path, or has characters nobody can see.
    """
    name = unicodedata.normalize("NFC", name).strip()
    unseen = [c for c in name if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _DIRECTION_MARKS]
    if unseen:
        raise LandingRefused(f"The name {name!r} has a character that cannot be shown: U+{ord(unseen[0]):04X}.")
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        raise LandingRefused(f"{name!r} is no file name: give one without folders.")
    if len(name) > MAX_NAME:
        raise LandingRefused(f"The name {name[:40]!r}… has {len(name)} characters, the limit is {MAX_NAME}.")
    return name


def _lock_source(connection: Connection, source: str, uri: str) -> dict[str, Any]:
    names = queries("arrivals")
    connection.execute(names["lock_arrivals"])
    row = connection.execute(names["lock_upload_source"], {"source": source, "uri": uri}).fetchone()
    if row is None or row[1] != "upload":
        what = "There is no source" if row is None else f"{row[1]!r} is the kind, not 'upload', of source"
        raise LandingRefused(f"{what} {source!r}. Add one with `regesta sources add NAME upload://`.")
    if row[3]:
        raise LandingRefused(f"{uri} was erased for good; that has to be lifted before it may come back.")
    return {"source_id": row[0], "tenant_id": row[2], "uri": uri}


def _add(connection: Connection, source: str, kind: Literal["put", "delete"], values: dict[str, Any]) -> Arrival:
    names = queries("arrivals")
    row = connection.execute(names["add_arrival"], {**values, "kind": kind}).fetchone()
    connection.execute(names["notify_arrivals"])
    assert row is not None
    return Arrival(row[0], source, values["uri"], kind, values["sha256"], values["byte_count"], row[1])
