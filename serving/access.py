"""API keys and the scope they stand for: one tenant, some groups, enforced inside Postgres."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from serving.errors import DatabaseBusy, NotAuthenticated, ServingError
from sql import queries

KEY_PREFIX = "rgs_"
Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]


@dataclass(frozen=True)
class Scope:
    """Who asks: every statement that touches content runs under this."""

    api_key_id: UUID
    tenant_id: str
    access_groups: tuple[str, ...]


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key, hexadecimal; keys are 256 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(connection: psycopg.Connection[Any], name: str, tenant_id: str, access_groups: Sequence[str]) -> str:
    """Create an API key and return it; this is the only time it can be seen.

    Raises:
        ServingError: The tenant or a group has a name the database does not allow.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    if not all(re.fullmatch(r"[^,\s]+", group) for group in access_groups):
        raise ServingError("A group's name has no blanks and no commas.")
    try:
        with connection.transaction():
            connection.execute(queries("access")["set_scope"], {"tenant_id": tenant_id, "access_groups": ""})
            connection.execute(
                queries("access")["create_key"],
                {
                    "name": name,
                    "prefix": key[:10],
                    "key_hash": hash_key(key),
                    "tenant_id": tenant_id,
                    "access_groups": list(access_groups),
                },
            )
    except psycopg.errors.CheckViolation as error:
        raise ServingError(
            "The key was refused: a tenant's name is lower-case letters, digits, - and _; at least one group."
        ) from error
    return key


@asynccontextmanager
async def connected(pool: Pool) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Borrow a connection with an open transaction, or raise `DatabaseBusy`; never hold one while streaming."""
    try:
        connection = await _sound_connection(pool)
        try:
            async with connection.transaction():
                yield connection
        finally:
            await pool.putconn(connection)
    except (PoolTimeout, psycopg.OperationalError) as error:
        raise DatabaseBusy(f"The database did not answer: {error}") from error


async def _sound_connection(pool: Pool) -> psycopg.AsyncConnection[Any]:
    """Return a connection that works; a broken one means the database was restarted, so all are looked at.

    The pool's own `check` replaces broken connections one by one, a second each.
    """
    connection = await pool.getconn()
    try:
        await pool.check_connection(connection)
    except psycopg.OperationalError:
        await pool.putconn(connection)
        await pool.check()
        connection = await pool.getconn()
    return connection


@asynccontextmanager
async def scoped(pool: Pool, scope: Scope) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Borrow a connection that sees only what the scope may see, until its transaction ends."""
    async with connected(pool) as connection:
        await connection.execute(
            queries("access")["set_scope"],
            {"tenant_id": scope.tenant_id, "access_groups": ",".join(scope.access_groups)},
        )
        yield connection


async def authenticate(pool: Pool, key: str | None) -> Scope:
    """Return the scope of a key.

    Raises:
        NotAuthenticated: There is no key, or it is unknown or revoked; which, the caller is not told.
    """
    if not key:
        raise NotAuthenticated("Send your key as `Authorization: Bearer rgs_…`.")
    async with connected(pool) as connection:
        cursor = await connection.execute(queries("access")["authenticate"], {"key_hash": hash_key(key)})
        row = await cursor.fetchone()
    if row is None:
        raise NotAuthenticated("This key is not valid. Make one with `regesta keys create NAME`.")
    return Scope(row[0], row[1], tuple(row[2]))
