"""Migrations from nothing, twice, and the roles they leave."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sql.migrate import OWNER, PROGRAM_ROLES, migrate

SCHEMAS = ("landing", "corpus", "serving", "regesta")


@pytest.fixture
def owner(database: Any) -> Any:
    with psycopg.connect(database.conninfo(OWNER)) as connection:
        yield connection


def test_migrating_again_changes_nothing(database: Any) -> None:
    assert migrate(database.conninfo(OWNER)) == []


def test_nobody_but_the_owner_owns_anything(owner: psycopg.Connection[Any]) -> None:
    strangers = owner.execute(
        "select c.oid::regclass::text, r.rolname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " join pg_roles as r on r.oid = c.relowner where n.nspname = any(%s) and r.rolname <> %s"
        " union all select p.oid::regprocedure::text, r.rolname from pg_proc as p"
        " join pg_namespace as n on n.oid = p.pronamespace join pg_roles as r on r.oid = p.proowner"
        " where n.nspname = any(%s) and r.rolname <> %s",
        [list(SCHEMAS), OWNER, list(SCHEMAS), OWNER],
    ).fetchall()
    assert strangers == []


def test_no_role_stands_above_row_level_security(owner: psycopg.Connection[Any]) -> None:
    strong = owner.execute(
        "select rolname from pg_roles where rolname like 'regesta_%%'"
        " and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)"
    ).fetchall()
    assert strong == []
    members = owner.execute(
        "select m.rolname from pg_auth_members as a join pg_roles as m on m.oid = a.member"
        " join pg_roles as g on g.oid = a.roleid where g.rolname like 'regesta_%%' and m.rolname like 'regesta_%%'"
    ).fetchall()
    assert members == []


def test_row_level_security_is_forced_wherever_there_is_a_tenant(owner: psycopg.Connection[Any]) -> None:
    unguarded = owner.execute(
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'"
        " where n.nspname = any(%s) and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)",
        [list(SCHEMAS)],
    ).fetchall()
    assert unguarded == []


def test_every_table_and_column_is_described(owner: psycopg.Connection[Any]) -> None:
    silent = owner.execute(
        "select c.oid::regclass::text, a.attname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where n.nspname in ('landing', 'corpus', 'serving') and c.relkind in ('r', 'p') and not c.relispartition"
        " and col_description(c.oid, a.attnum) is null"
    ).fetchall()
    assert silent == []


@pytest.mark.parametrize("role", PROGRAM_ROLES)
def test_no_program_may_create_or_drop(database: Any, role: str) -> None:
    with psycopg.connect(database.conninfo(role), autocommit=True) as connection:
        for statement in ("create table corpus.x (i int)", "drop table corpus.chunks", "create table public.x (i int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("regesta_serving", "select text from corpus.chunks"),
        ("regesta_serving", "select * from corpus.embeddings_1"),
        ("regesta_serving", "select * from corpus.embeddings_1_shared"),
        ("regesta_serving", "update corpus.documents set title = 'x'"),
        ("regesta_serving", "select * from landing.runs"),
        ("regesta_dbt", "select text from corpus.chunks"),
        ("regesta_dbt", "select * from corpus.embeddings_1"),
        ("regesta_dbt", "delete from corpus.versions"),
        ("regesta_analyst", "select * from corpus.documents"),
        ("regesta_analyst", "select * from serving.queries"),
        ("regesta_ingestion", "select * from serving.api_keys"),
        ("regesta_ingestion", "select * from serving.answers"),
    ],
)
def test_roles_may_not_read_or_write_what_is_not_theirs(database: Any, role: str, statement: str) -> None:
    with psycopg.connect(database.conninfo(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[arg-type]
