"""API keys: made, listed, revoked, and rotated with a while in which the old and the new one both work."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from serving.access import PERMISSIONS, hash_key
from serving.errors import NotFound, ServingError
from sql import queries

KEY_PREFIX = "rgs_"
_SHOWN = 10  # characters of a key by which it is recognised
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Key:
    """What is known of a key: everything but the key itself.

    Attributes:
        prefix: Its first characters.
        state: valid, expired or revoked.
        requests_per_minute, concurrent_streams, tokens_per_day: Its own limits; None: the setting's.
        rotated_from: The key it takes the place of.
        requests_today, tokens_today: Since 00:00 UTC.
    """

    id: UUID
    name: str
    prefix: str
    tenant_id: str
    access_groups: list[str]
    scopes: list[str]
    requests_per_minute: int | None
    concurrent_streams: int | None
    tokens_per_day: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    rotated_from: UUID | None
    state: str
    requests_today: int
    tokens_today: int


def create_key(
    connection: Connection,
    name: str,
    tenant_id: str,
    access_groups: Sequence[str],
    scopes: Sequence[str] = PERMISSIONS,
    expires_at: datetime | None = None,
    requests_per_minute: int | None = None,
    concurrent_streams: int | None = None,
    tokens_per_day: int | None = None,
) -> str:
    """Create an API key and return it; this is the only time it can be seen.

    Raises:
        ServingError: The tenant, a group or a scope has a name the database does not allow, or a limit is not positive.
    """
    if not all(re.fullmatch(r"[^,\s]+", group) for group in access_groups):
        raise ServingError("A group's name has no blanks and no commas.")
    key, row = _new_key()
    row |= {
        "name": name,
        "tenant_id": tenant_id,
        "access_groups": list(access_groups),
        "scopes": list(scopes),
        "expires_at": expires_at,
        "requests_per_minute": requests_per_minute,
        "concurrent_streams": concurrent_streams,
        "tokens_per_day": tokens_per_day,
    }
    try:
        with connection.transaction():
            _enter(connection, tenant_id)
            connection.execute(queries("keys")["create_key"], row)
    except psycopg.errors.CheckViolation as error:
        raise ServingError(
            "The key was refused: a tenant's name is lower-case letters, digits, - and _; at least one group; scopes "
            f"are {', '.join(PERMISSIONS)}; limits are positive."
        ) from error
    return key


def list_keys(connection: Connection, tenant_id: str) -> list[Key]:
    """Return the keys of a tenant, newest first."""
    with connection.transaction(), connection.cursor(row_factory=class_row(Key)) as cursor:
        _enter(connection, tenant_id)
        return cursor.execute(queries("keys")["list_keys"]).fetchall()


def revoke_key(connection: Connection, tenant_id: str, wanted: str) -> UUID:
    """End a key at once, by its id, its name or its first characters; return its id.

    Raises:
        NotFound: None of the tenant's working keys is called that, or several are.
    """
    with connection.transaction():
        key_id = _find(connection, tenant_id, wanted)
        connection.execute(queries("keys")["revoke_key"], {"id": key_id})
    return key_id


def rotate_key(
    connection: Connection, tenant_id: str, wanted: str, overlap: timedelta, expires_at: datetime | None = None
) -> str:
    """Create a key with the rights and limits of an old one, which goes on working for `overlap`; return the new one.

    Raises:
        NotFound: None of the tenant's working keys is called that, or several are.
    """
    key, row = _new_key()
    with connection.transaction():
        key_id = _find(connection, tenant_id, wanted)
        connection.execute(queries("keys")["rotate_key"], {"id": key_id, "expires_at": expires_at, **row})
        connection.execute(queries("keys")["expire_key"], {"id": key_id, "overlap": overlap})
    return key


def _new_key() -> tuple[str, dict[str, Any]]:
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, {"prefix": key[:_SHOWN], "key_hash": hash_key(key)}


def _enter(connection: Connection, tenant_id: str) -> None:
    connection.execute(queries("access")["set_scope"], {"tenant_id": tenant_id, "access_groups": ""})


def _find(connection: Connection, tenant_id: str, wanted: str) -> UUID:
    _enter(connection, tenant_id)
    found = connection.execute(queries("keys")["find_keys"], {"wanted": wanted}).fetchall()
    if len(found) != 1:
        raise NotFound(
            f"{len(found) or 'No'} working keys of tenant {tenant_id} are called {wanted!r}; "
            "`regesta keys list` shows their ids."
        )
    key_id: UUID = found[0][0]
    return key_id
