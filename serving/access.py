"""The scope a key stands for: one tenant, some groups, enforced inside Postgres; and what the key may do, how much."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, LiteralString, get_args
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import PoolTimeout

from serving.connections import ConnectionPool
from serving.errors import DatabaseBusy, NotAllowed, NotAuthenticated
from sql import queries

Connection = psycopg.AsyncConnection[Any]
Pool = ConnectionPool
Statement = tuple[LiteralString, Mapping[str, Any]]
Rows = list[dict[str, Any]]
Permission = Literal["ask", "search", "documents:read", "documents:write", "feedback", "batches"]
_NOT_BROKEN = (PoolTimeout, psycopg.errors.QueryCanceled, psycopg.errors.SerializationFailure)
"""Operational errors that say nothing about the connection: the last is a standby that could not wait for a search."""
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)


@dataclass(frozen=True)
class Limits:
    """How much a key may ask for; what counts is shared by all workers."""

    requests_per_minute: int
    concurrent_streams: int
    tokens_per_day: int


UNLIMITED = Limits(2**31 - 1, 2**31 - 1, 2**63 - 1)
"""For work that no key's caller waits for."""


@dataclass(frozen=True)
class Scope:
    """Who asks: every statement that touches content runs under this.

    Attributes:
        scopes: What the key may do; doors ask for one of them, the engine behind them does not.
        minute_requests: Requests of the key in this minute, this one included.
    """

    api_key_id: UUID
    tenant_id: str
    access_groups: tuple[str, ...]
    scopes: frozenset[str] = frozenset()
    limits: Limits = UNLIMITED
    minute_requests: int = field(default=0, compare=False)

    def require(self, permission: Permission) -> None:
        """Raise `NotAllowed` unless the key may do this."""
        if permission not in self.scopes:
            raise NotAllowed(f"This key may not do that: it lacks the scope {permission!r}.")


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key, hexadecimal; keys are 256 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


async def authenticate(pool: Pool, key: str | None, defaults: Limits = UNLIMITED) -> Scope:
    """Return the scope of a key, and count the request: one round trip, nothing remembered in between.

    A key that was revoked, or has expired, therefore fails from its next request on.

    Args:
        pool: Connections of the serving role.
        key: What the caller presented.
        defaults: The limits of a key that has none of its own.

    Raises:
        NotAuthenticated: There is no key, or it is unknown, expired or revoked; which, the caller is not told.
        DatabaseBusy: The database did not answer.
    """
    if not key:
        raise NotAuthenticated("Send your key as `Authorization: Bearer rgs_…`.")
    statement = queries("access")["authenticate"], {"key_hash": hash_key(key)}
    with _busy_when_unreachable():
        connection, [rows] = await _sent(pool, [statement], is_all=True)
        await pool.putconn(connection)
    if not rows:
        raise NotAuthenticated("This key is not valid. Make one with `regesta keys create NAME`.")
    row = rows[0]
    return Scope(
        row["api_key_id"],
        row["tenant_id"],
        tuple(row["access_groups"]),
        frozenset(row["scopes"]),
        Limits(
            row["requests_per_minute"] or defaults.requests_per_minute,
            row["concurrent_streams"] or defaults.concurrent_streams,
            row["tokens_per_day"] or defaults.tokens_per_day,
        ),
        row["minute_requests"],
    )


async def fetch(pool: Pool, scope: Scope, *statements: Statement, may_be_lost: bool = False) -> list[Rows]:
    """Run statements as one transaction of the scope, in one round trip; return the rows of each.

    They are sent again when the connection turns out to be broken, so they must be such as may run twice.

    Args:
        may_be_lost: What they write is no harm to lose in a crash of the server, as a cache's entry: nothing waits for
            the disk.

    Raises:
        DatabaseBusy: There was no connection to be had, or the database did not answer.
    """
    bind = _binding(scope.tenant_id, scope.access_groups, "set_lossy_scope" if may_be_lost else "set_scope")
    with _busy_when_unreachable():
        connection, rows = await _sent(pool, [bind, *statements], is_all=True)
        await pool.putconn(connection)
    return rows[1:]


@asynccontextmanager
async def scoped(pool: Pool, scope: Scope) -> AsyncIterator[Connection]:
    """Borrow a connection that sees only what the scope may see, until its transaction ends.

    What is done with it is one transaction; never hold one while streaming.

    Raises:
        DatabaseBusy: There was none to be had, or the database did not answer.
    """
    async with _transaction(pool, scope.tenant_id, scope.access_groups) as connection:
        yield connection


@asynccontextmanager
async def connected(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection as `scoped` does, of nobody: it sees no tenant's content."""
    async with _transaction(pool, "", ()) as connection:
        yield connection


@asynccontextmanager
async def _transaction(pool: Pool, tenant_id: str, access_groups: tuple[str, ...]) -> AsyncIterator[Connection]:
    with _busy_when_unreachable():
        connection, _ = await _sent(pool, [_binding(tenant_id, access_groups)])
        try:
            yield connection
            await connection.commit()
        except BaseException:
            with suppress(psycopg.Error):
                await connection.rollback()
            raise
        finally:
            await pool.putconn(connection)


def _binding(tenant_id: str, access_groups: tuple[str, ...], name: str = "set_scope") -> Statement:
    return queries("access")[name], {"tenant_id": tenant_id, "access_groups": ",".join(access_groups)}


async def _sent(pool: Pool, statements: Sequence[Statement], is_all: bool = False) -> tuple[Connection, list[Rows]]:
    """Begin a transaction on a sound connection with some statements; return it, and the rows of each.

    They go out together: one round trip. When they are all there is to do, they are the transaction. A broken
    connection means that the database was restarted, so all of the pool are looked at; its own `check` option
    would replace them one by one, a second each.
    """
    try:
        return await _send(pool, statements, is_all)
    except _NOT_BROKEN:  # who has waited once is not to wait again
        raise
    except psycopg.OperationalError:
        await pool.check()
        return await _send(pool, statements, is_all)


async def _send(pool: Pool, statements: Sequence[Statement], is_all: bool) -> tuple[Connection, list[Rows]]:
    connection = await pool.getconn()
    try:
        async with connection.pipeline() if len(statements) > 1 or not is_all else nullcontext():
            if not is_all:
                await connection.execute("begin")
            cursors = [await connection.cursor(row_factory=dict_row).execute(*one) for one in statements]
        return connection, [await cursor.fetchall() if cursor.description else [] for cursor in cursors]
    except BaseException:
        await pool.putconn(connection)
        raise


@contextmanager
def _busy_when_unreachable() -> Iterator[None]:
    try:
        yield
    except (PoolTimeout, psycopg.OperationalError) as error:
        raise DatabaseBusy(f"The database did not answer: {error}") from error
