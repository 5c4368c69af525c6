"""The landing door: documents are handed in and withdrawn here; ingestion notices, and works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from corpus.database import DatabaseUnavailable, connect, conninfo
from corpus.landing import Arrival, LandingRefused, document_name, put, withdraw
from corpus.media_types import READABLE, media_type
from corpus.objects import ObjectStore, ObjectStoreUnavailable, s3_client
from serving.access import Pool, Scope, scoped
from serving.documents import actor
from serving.errors import DatabaseBusy, NotFound, NotPossible, ObjectStoreDown, Refused, TooLarge, UnsupportedType
from serving.settings import ServingSettings
from sql import queries

AT_ONCE = 4
"""Documents handed in side by side per worker; each is in memory while it is."""


class LandingDoor:
    """Hands in and withdraws, beside the event loop, each on a short connection of its own under the caller's scope."""

    def __init__(self, settings: ServingSettings) -> None:
        self.max_bytes = settings.max_document_bytes
        self._settings = settings
        self._turn = asyncio.Semaphore(AT_ONCE)

    @cached_property
    def _store(self) -> ObjectStore:
        return ObjectStore(s3_client(self._settings), self._settings.s3_bucket)

    async def put(self, scope: Scope, source: str, name: str, read: Callable[[], bytes]) -> Arrival:
        """Hand in a document: its first version, or a new one under the same name.

        Args:
            source: An upload source; see `check_source`.
            name: The document's name in it.
            read: Returns the bytes; called when it is this document's turn.

        Raises:
            TooLarge: It has more bytes than REGESTA_MAX_DOCUMENT_BYTES.
            UnsupportedType: No parser knows what it is.
            Refused: It is empty, the name cannot be used, or the document was erased for good.
        """

        def hand_in(connection: psycopg.Connection[Any]) -> Arrival:
            data = read()
            if len(data) > self.max_bytes:
                raise TooLarge(f"{name!r} has more than {self.max_bytes} bytes.")
            kind = media_type(document_name(name), data)
            if data and kind not in READABLE:
                raise UnsupportedType(f"{name!r} is {kind}; the name's ending and the first bytes tell what a file is.")
            return put(
                connection, self._store, source, name, data,
                media_type=kind, actor=actor(scope), max_bytes=self.max_bytes,
            )  # fmt: skip

        try:
            return await self._at_the_door(scope, hand_in)
        except LandingRefused as error:
            raise Refused(str(error)) from error

    async def withdraw(self, scope: Scope, source: str, uri: str) -> Arrival:
        """Withdraw a document; readers stop seeing it with the run that takes notice.

        Raises:
            NotPossible: It was withdrawn already.
        """
        name = uri.removeprefix(f"upload://{source}/")
        try:
            return await self._at_the_door(scope, lambda one: withdraw(one, source, name, actor=actor(scope)))
        except LandingRefused as error:
            raise NotPossible(f"{uri} has been withdrawn already, or was erased for good.") from error

    async def _at_the_door(self, scope: Scope, work: Callable[[psycopg.Connection[Any]], Arrival]) -> Arrival:
        async with self._turn:
            try:
                return await asyncio.to_thread(self._work, scope, work)
            except ObjectStoreUnavailable as error:
                raise ObjectStoreDown("The object store did not answer; nothing was handed in. Try again.") from error
            except (DatabaseUnavailable, psycopg.OperationalError) as error:
                raise DatabaseBusy("The database did not answer; nothing was handed in. Try again.") from error

    def _work(self, scope: Scope, work: Callable[[psycopg.Connection[Any]], Arrival]) -> Arrival:
        info = conninfo(self._settings, "regesta_serving", self._settings.serving_password, statement_seconds=30)
        with connect(info) as connection, connection.transaction():
            connection.execute(
                queries("access")["set_scope"],
                {"tenant_id": scope.tenant_id, "access_groups": ",".join(scope.access_groups)},
            )
            return work(connection)


async def check_source(pool: Pool, scope: Scope, source: str) -> None:
    """Raise `NotFound` unless the scope may see the source, `NotPossible` unless it takes documents."""
    async with scoped(pool, scope) as connection:
        row = await (await connection.execute(queries("documents")["find_source"], {"source": source})).fetchone()
    if row is None:
        raise NotFound(f"There is no source {source!r} that this key may read.")
    if row[0] != "upload":
        raise NotPossible(f"{source!r} is synced from where its documents are ({row[0]}); put the document there.")


async def withdrawable(pool: Pool, scope: Scope, document_id: UUID) -> tuple[str, str]:
    """Return source and address of a document that can be withdrawn here.

    Raises:
        NotFound: The scope may not see it.
        NotPossible: It was not handed in, but found at its source.
    """
    found = await _one(pool, scope, "source_kind_of", {"document_id": document_id})
    if found is None:
        raise NotFound(f"There is no document {document_id} that this key may read.")
    if found["kind"] != "upload":
        raise NotPossible(
            f"The document comes from {found['source']!r} ({found['kind']}). Delete it there, and the next sync takes "
            "it out; deleted only here, that sync would bring it back."
        )
    return found["source"], found["uri"]


async def find_arrival(pool: Pool, scope: Scope, arrival_id: UUID) -> dict[str, Any]:
    """Return what became of a document that was handed in or withdrawn; raise `NotFound` for an unknown one."""
    found = await _one(pool, scope, "find_arrival", {"id": arrival_id})
    if found is None:
        raise NotFound(f"There is no arrival {arrival_id}.")
    return found


async def _one(pool: Pool, scope: Scope, query: str, given: dict[str, Any]) -> dict[str, Any] | None:
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("documents")[query], given)
        return await cursor.fetchone()
