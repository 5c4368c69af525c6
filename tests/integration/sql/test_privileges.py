"""What the roles of the programs may do, read from the catalogue: what is not written here is a failure."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sql.migrate import OWNER

SERVING = "regesta_serving"
_KEY_COLUMNS = (
    "id name prefix tenant_id access_groups scopes requests_per_minute concurrent_streams tokens_per_day created_at"
    " expires_at rotated_from last_used_at revoked_at"
)
TABLES: dict[str, dict[str, str]] = {
    # Content: read under the caller's scope, never written.
    "corpus.documents": {"SELECT": "*"},
    "corpus.versions": {"SELECT": "*"},
    "corpus.publications": {"SELECT": "*"},
    "corpus.tenant_policies": {"SELECT": "*"},
    "corpus.embedding_models": {"SELECT": "*"},
    "corpus.pins": {"SELECT": "*"},
    "corpus.releases": {"SELECT": "*"},
    # A row lock needs the right to update some column; the policy beside it lets nothing be changed.
    "landing.sources": {"SELECT": "*", "UPDATE": "created_at"},
    # What it asks of ingestion, and what is handed in through it.
    "landing.requests": {
        "SELECT": "*", "INSERT": "tenant_id kind document_id run_id version_number expires_at actor reason",
    },
    "landing.runs": {"SELECT": "id source_id state"},
    "landing.objects": {"INSERT": "*"},
    "landing.arrivals": {"SELECT": "*", "INSERT": "*"},
    "landing.erasures": {"SELECT": "source_id uri_sha256 lifted_at"},
    # Bulk questions and opinions.
    "serving.batches": {"SELECT": "*", "INSERT": "*", "UPDATE": "cancelled_at"},
    "serving.batch_items": {
        "SELECT": "*", "INSERT": "*",
        "UPDATE": "state attempts worker_id claimed_until answer_id result error finished_at",
    },
    "serving.feedback": {"SELECT": "*", "INSERT": "*", "UPDATE": "rating reason corrected_answer rated_at"},
    # The caches: used, kept, and an answer evicted; functions of the owner make room.
    "serving.cached_embeddings": {"SELECT": "*", "INSERT": "*", "UPDATE": "vector expires_at last_hit_at"},
    "serving.cached_retrievals": {
        "SELECT": "*", "INSERT": "*", "UPDATE": "release chunk_ids hits expires_at last_hit_at",
    },
    "serving.cached_answers": {
        "SELECT": "*", "INSERT": "*", "UPDATE": "text is_verified expires_at last_hit_at hit_count", "DELETE": "*",
    },
    "serving.cached_answer_chunks": {"INSERT": "*"},
    "serving.cache_thresholds": {
        "SELECT": "*", "INSERT": "*",
        "UPDATE": "threshold target precision lower_bound pair_count hit_count calibrated_at",
    },
    "serving.cache_means": {"SELECT": "*", "INSERT": "*"},
    # The query log: written once.
    "serving.queries": {"SELECT": "*", "INSERT": "*"},
    "serving.answers": {"SELECT": "*", "INSERT": "*"},
    # Keys: made, ended, never read back, never changed in what they may do.
    "serving.api_keys": {
        "SELECT": _KEY_COLUMNS,
        "INSERT": "name prefix key_hash tenant_id access_groups scopes requests_per_minute concurrent_streams"
        " tokens_per_day expires_at rotated_from",
        "UPDATE": "expires_at revoked_at",
    },
    "serving.key_usage": {"SELECT": "*", "INSERT": "*", "UPDATE": "token_count"},
    "serving.running_streams": {"SELECT": "*", "INSERT": "*", "UPDATE": "expires_at", "DELETE": "*"},
    "serving.idempotency_keys": {
        "SELECT": "*", "INSERT": "*", "UPDATE": "status headers body expires_at", "DELETE": "*",
    },
}  # fmt: skip
"""Everything the API's role may do with tables: privilege and columns (`*`: every one)."""
FUNCTIONS = {
    "corpus.moment", "corpus.search_chunks", "corpus.common_readers",
    "serving.authenticate", "serving.batch_scope", "serving.waiting_batches",
    "serving.readable_answer", "serving.answer_lineage",
    "serving.trim_caches", "serving.clear_caches", "serving.cache_status",
}  # fmt: skip
"""Everything of ours it may call. `corpus.moment` reads a date; the others apply the scope, or precede it: whose a key
is, and which batches wait, by their ids."""
SCHEMAS = ("landing", "corpus", "serving")

_COLUMN_PRIVILEGES = """
    select format('%%s.%%s', n.nspname, c.relname), p.name, string_agg(a.attname, ' ' order by a.attnum),
        count(*) = (
            select count(*) from pg_attribute as t where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
        )
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) as p (name)
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and has_column_privilege(%(role)s, c.oid, a.attnum, p.name)
    group by n.nspname, c.relname, c.oid, p.name
"""
_TABLE_PRIVILEGES = """
    select format('%%s.%%s', n.nspname, c.relname), p.name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    cross join (values ('DELETE'), ('TRUNCATE'), ('TRIGGER'), ('MAINTAIN')) as p (name)
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and has_table_privilege(%(role)s, c.oid, p.name)
"""
_FUNCTIONS = """
    select distinct format('%%s.%%s', n.nspname, p.proname)
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = any(%(schemas)s) and has_function_privilege(%(role)s, p.oid, 'EXECUTE')
"""
_ELSEWHERE = """
    select 'schema ' || n.nspname || ' ' || p.name from pg_namespace as n
    cross join (values ('CREATE'), ('USAGE')) as p (name)
    where has_schema_privilege(%(role)s, n.oid, p.name)
    union all
    select 'sequence ' || c.oid::regclass from pg_class as c
    where case when c.relkind = 'S' then has_sequence_privilege(%(role)s, c.oid, 'USAGE, SELECT, UPDATE') end
    union all
    select 'database ' || p.name from (values ('CREATE'), ('TEMPORARY'), ('CONNECT')) as p (name)
    where has_database_privilege(%(role)s, current_database(), p.name)
    union all
    select 'member of ' || g.rolname from pg_auth_members as m join pg_roles as g on g.oid = m.roleid
    join pg_roles as r on r.oid = m.member where r.rolname = %(role)s
    union all
    select 'setting ' || p.parname from pg_parameter_acl as p
    where has_parameter_privilege(%(role)s, p.parname, 'SET, ALTER SYSTEM')
    union all
    select 'large object ' || l.oid from pg_largeobject_metadata as l
"""


@pytest.fixture
def owner(database: Any) -> Any:
    with psycopg.connect(database.conninfo(OWNER)) as connection:
        yield connection


def test_the_api_may_do_with_tables_what_is_written_here_and_nothing_else(owner: psycopg.Connection[Any]) -> None:
    found: dict[str, dict[str, str]] = {}
    for table, privilege, columns, is_whole in owner.execute(_COLUMN_PRIVILEGES, {"role": SERVING}):
        found.setdefault(table, {})[privilege] = "*" if is_whole else columns
    for table, privilege in owner.execute(_TABLE_PRIVILEGES, {"role": SERVING}):
        found.setdefault(table, {})[privilege] = "*"
    assert _sorted(found) == _sorted(TABLES)


def _sorted(tables: dict[str, dict[str, str]]) -> dict[str, dict[str, list[str]]]:
    return {name: {kind: sorted(columns.split()) for kind, columns in one.items()} for name, one in tables.items()}


def test_the_api_may_call_what_is_written_here_and_nothing_else(owner: psycopg.Connection[Any]) -> None:
    found = owner.execute(_FUNCTIONS, {"role": SERVING, "schemas": [*SCHEMAS, "regesta", "staging", "marts"]})
    assert {name for (name,) in found} == FUNCTIONS


def test_the_api_may_do_nothing_elsewhere(owner: psycopg.Connection[Any]) -> None:
    found = {what for (what,) in owner.execute(_ELSEWHERE, {"role": SERVING})}
    ours = {f"schema {name} USAGE" for name in (*SCHEMAS, "public", "pg_catalog", "information_schema")}
    assert found == ours | {"database CONNECT", "database TEMPORARY"}


def test_row_level_security_is_forced_on_whatever_holds_a_tenants_content(owner: psycopg.Connection[Any]) -> None:
    open_ones = owner.execute(
        "select format('%%s.%%s', n.nspname, c.relname) from pg_class as c"
        " join pg_namespace as n on n.oid = c.relnamespace"
        " where n.nspname = any(%s) and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)",
        [list(SCHEMAS)],
    )
    # Of nobody, or of a run, which only ingestion and governance may read: neither is a tenant's words.
    unread = {"landing.objects", "landing.run_items", "landing.validations"}
    assert {name for (name,) in open_ones} == unread | {"corpus.embedding_models"}
    assert {name for name in unread if "SELECT" in TABLES.get(name, {})} == set(), "the API may read one of them"


def test_every_policy_of_the_api_asks_for_the_scope(owner: psycopg.Connection[Any]) -> None:
    loose = owner.execute(
        "select format('%%s.%%s %%s', schemaname, tablename, policyname) from pg_policies"
        " where %s = any(roles) and ((cmd <> 'INSERT' and qual !~ 'regesta.tenant_id')"
        # Without a check of its own, a policy holds new rows against the condition it reads by.
        " or (cmd in ('ALL', 'INSERT', 'UPDATE') and coalesce(with_check, qual) !~ 'regesta.tenant_id|false'))",
        [SERVING],
    ).fetchall()
    # A model's mean vector is nobody's content.
    assert loose == [("serving.cache_means means_are_no_content",)]
    public = owner.execute("select tablename, policyname from pg_policies where 'public' = any(roles)").fetchall()
    assert public == []


def test_every_function_that_runs_as_its_owner_fixes_its_search_path(owner: psycopg.Connection[Any]) -> None:
    loose = owner.execute(
        "select p.oid::regprocedure::text from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace"
        " where n.nspname = any(%s) and p.prosecdef"
        " and not exists (select 1 from unnest(p.proconfig) as s where s ~ '^search_path=.*pg_temp$')",
        [list(SCHEMAS)],
    ).fetchall()
    assert loose == []
