"""Writes that can be repeated: the first reply is kept under the name its caller gave it, and given again."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from serving.access import Pool, Scope, scoped
from serving.errors import IdempotencyKeyReused, WriteAtWork
from sql import queries

KEPT = timedelta(hours=24)
"""How long a reply is given again."""
AT_WORK = timedelta(seconds=60)
"""How long a request that was never answered, because its worker was killed, keeps its name."""


@dataclass(frozen=True)
class Write:
    """One request, under the name its caller gave it."""

    key: str
    request: str
    hash: str


@dataclass(frozen=True)
class Reply:
    """What a request was answered with."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def write(key: str, method: str, url: str, body: bytes, content_type: str = "") -> Write:
    """Return a request as it is recognised again.

    Args:
        key: What the caller called it: 1 to 255 visible characters.
        method: HTTP method.
        url: Path, with the query.
        body: All of it. The boundary of a multipart body is drawn anew for every request, so it does not count.
        content_type: Names the boundary.

    Raises:
        IdempotencyKeyReused: The key is no such name.
    """
    if not (1 <= len(key) <= 255 and key.isprintable()):
        raise IdempotencyKeyReused("An idempotency key has 1 to 255 visible characters.")
    _, _, boundary = content_type.partition("boundary=")
    if boundary:
        body = body.replace(boundary.split(";")[0].strip('" ').encode(), b"")
    request = f"{method} {url}"
    return Write(key, request, hashlib.sha256(request.encode() + b"\n" + body).hexdigest())


async def once(pool: Pool, scope: Scope, write: Write, act: Callable[[], Awaitable[Reply]]) -> tuple[Reply, bool]:
    """Do a write unless it was done; return its reply, and whether that is a repetition.

    Only what succeeded is kept: an error may be another one next time. A worker killed between doing and keeping
    leaves a name that is free again after a minute; the write is then done twice.

    Raises:
        WriteAtWork: The same write is being done by another request.
        IdempotencyKeyReused: Another write has this name.
    """
    row = _of(scope, write)
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("idempotency")["clear_replies"], row)
        await cursor.execute(queries("idempotency")["reserve_write"], row)
        reserved = await cursor.fetchone()
        if reserved is None:
            return await _repeated(cursor, row), True
    return await _first(pool, scope, row | reserved, act), False


async def _repeated(cursor: psycopg.AsyncCursor[dict[str, Any]], row: dict[str, Any]) -> Reply:
    await cursor.execute(queries("idempotency")["find_write"], row)
    found = await cursor.fetchone()
    if found and found["request_hash"] != row["request_hash"]:
        raise IdempotencyKeyReused("This idempotency key was used for another request. Give every write its own.")
    if found is None or found["status"] is None:
        raise WriteAtWork("The first request with this idempotency key is still being worked on.", retry_after=1)
    return Reply(found["status"], found["body"], found["headers"])


async def _first(pool: Pool, scope: Scope, row: dict[str, Any], act: Callable[[], Awaitable[Reply]]) -> Reply:
    reply = None
    try:
        reply = await act()
        return reply
    finally:
        is_kept = reply is not None and reply.status < 400
        kept = {"status": reply.status, "body": reply.body, "headers": Jsonb(dict(reply.headers))} if reply else {}
        async with scoped(pool, scope) as connection:
            await connection.execute(
                queries("idempotency")["keep_reply" if is_kept else "release_write"], {**row, **kept, "kept": KEPT}
            )


def _of(scope: Scope, write: Write) -> dict[str, Any]:
    return {
        "api_key_id": scope.api_key_id,
        "tenant_id": scope.tenant_id,
        "idempotency_key": write.key,
        "request": write.request,
        "request_hash": write.hash,
        "at_work": AT_WORK,
    }
