"""What an intruder tries with the API's database role itself: the application's own filters are not there at all.

Here it reads; what it writes is in `bare_writes`. Each attempt gets a scope as the session has it (true, forged,
malformed, or none) and a connection of the API's pool, and returns all it could read. What a scope may see follows
from the scope alone.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from corpus import analysis
from serving.access import Connection
from tests.faults.intruder import QUESTIONS
from tests.faults.tenants import GROUPS, TENANTS, Owner, World

READABLE = (
    "landing.sources", "landing.requests", "corpus.documents", "corpus.versions", "corpus.publications",
    "corpus.tenant_policies", "serving.queries", "serving.answers", "serving.key_usage", "serving.running_streams",
    "serving.idempotency_keys", "landing.arrivals", "corpus.pins", "corpus.releases", "serving.feedback",
    "serving.batches", "serving.batch_items", "serving.cached_embeddings", "serving.cached_retrievals",
    "serving.cached_answers", "serving.cache_thresholds", "serving.cache_means",
)  # fmt: skip
TYPED = ["question", "rewritten", "canonical", "filters", "request"]
FORBIDDEN = (
    "select text from corpus.chunks", "select * from corpus.version_chunks", "select * from corpus.embeddings_1",
    "select * from corpus.embeddings_1_shared", "select * from corpus.lexeme_statistics", "select * from landing.runs",
    "select sha256 from landing.objects", "select chunk_id from serving.cached_answer_chunks",
    "update landing.arrivals set tenant_id = 'north'",
    "delete from landing.arrivals", "select uri_sha256 || source_id || id from landing.erasures",
    "update serving.batches set access_groups = '{everyone}'", "update serving.batch_items set tenant_id = 'north'",
    "delete from serving.batches", "delete from serving.feedback", "update serving.answers set text = ''",
    "update serving.queries set api_key_id = null", "delete from serving.cached_retrievals",
    "update serving.cached_answers set access_groups = '{everyone}'", "update serving.cache_means set vector = '[0]'",
    "update serving.cached_retrievals set tenant_id = 'north'", "delete from serving.cache_means",
    "insert into landing.arrivals (id, settled_at) values (null, now())", "select key_hash from serving.api_keys",
    "select * from corpus.embedded_chunks", "set row_security = off", "set role regesta_owner",
    "set session authorization regesta_ingestion", "update corpus.documents set access_groups = '{everyone}'",
    "update serving.api_keys set tenant_id = 'north'", "update serving.api_keys set access_groups = '{board}'",
    "delete from serving.queries", "truncate serving.answers", "alter table serving.queries disable row level security",
    "create function pg_temp.f() returns void language sql security definer as 'select 1'; drop table corpus.chunks",
    "copy corpus.documents to program 'cat'", "select pg_read_file('PG_VERSION')", "select * from pg_authid",
)  # fmt: skip
"""Must fail, whatever the scope; `row_security = off` makes the next read fail instead of passing the policy."""


@dataclass(frozen=True)
class Session:
    """What a session says it is; None: it says nothing."""

    tenant: str | None
    groups: str | None

    def may_see(self, owner: Owner) -> bool:
        """Whether the owner's is the session's to see: letter for letter."""
        return owner.tenant == self.tenant and owner.group in (self.groups or "").split(",")


FORGED_TENANTS = (
    *TENANTS, None, "", "NORTH", "north ", " north", "north' or true --", "%", "{north,south}", "north,south", "null",
)  # fmt: skip
FORGED_GROUPS = (
    *GROUPS, ",".join(GROUPS), None, "", ",", "{board}", "BOARD", "board ", "*", "board,", "nobody", '"board"',
)  # fmt: skip


def any_session(dice: random.Random) -> Session:
    """Return a true, a forged, a malformed or no scope; every other one with a tenant's true name."""
    return Session(dice.choice([*FORGED_TENANTS, *TENANTS * 4]), dice.choice(FORGED_GROUPS))


BareAttempt = Callable[[Connection, World, Session, random.Random], Awaitable[str]]


async def read_everything(connection: Connection, world: World, session: Session, dice: random.Random) -> str:
    """Read a whole table without a filter, but for what its readers typed: a guess in a question is no leak."""
    table = sql.Identifier(*dice.choice(READABLE).split("."))
    everything = sql.SQL("select (to_jsonb(t) - {}::text[])::text from {} as t").format(sql.Literal(TYPED), table)
    return str(await (await connection.execute(everything)).fetchall())


async def search_everything(connection: Connection, world: World, session: Session, dice: random.Random) -> str:
    """Search with nothing but a question, or with filters that name another's documents."""
    words = analysis.lexemes(dice.choice(QUESTIONS))
    vector = dice.choice([None, str([0.05] * 384)])
    documents = dice.choice([None, dice.sample(list(world.documents), 4)])
    as_of = dice.choice([None, "now"])
    found = await connection.execute(
        "select s::text from corpus.search_chunks("
        "%s, %s, 100, document_ids => %s::uuid[], as_of => %s::timestamptz) as s",
        [words, vector, documents, as_of],
    )
    return str(await found.fetchall())


async def read_keys(connection: Connection, world: World, session: Session, dice: random.Random) -> str:
    """List keys; one of another tenant would tell of it."""
    rows = await (await connection.execute("select tenant_id from serving.api_keys")).fetchall()
    assert {tenant for (tenant,) in rows} <= {session.tenant}, f"keys of {rows} for {session}"
    return ""


async def do_what_is_forbidden(connection: Connection, world: World, session: Session, dice: random.Random) -> str:
    """Do what the role must not do under any scope."""
    statement = dice.choice(FORBIDDEN)
    try:
        async with connection.transaction():
            await connection.execute(statement)  # type: ignore[call-overload]
            rows = await (await connection.execute("select * from corpus.documents")).fetchall()
    except psycopg.Error as error:
        return str(error)
    raise AssertionError(f"{statement!r} was done, and {len(rows)} documents were read after it")


BARE_READS: tuple[BareAttempt, ...] = (read_everything, search_everything, read_keys, do_what_is_forbidden)
