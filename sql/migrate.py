"""Bring a database to the newest schema: roles once, numbered migrations once, functions every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from sql import FOLDER

OWNER = "regesta_owner"
PROGRAM_ROLES = ("regesta_ingestion", "regesta_serving", "regesta_dbt", "regesta_analyst")
ROLES = (OWNER, *PROGRAM_ROLES)
_LOCK = 7_236_140_553_120_519_983  # any fixed number: one migration at a time per database


class MigrationError(Exception):
    """The database's history and the files in `sql/migrations` disagree, or a file failed."""


def bootstrap(admin: str, database: str, passwords: Mapping[str, str]) -> None:
    """Create the roles, the database and its extensions; safe to repeat.

    Args:
        admin: Connection string of a role that may create roles and databases.
        database: Name of the database to create, owned by `regesta_owner`.
        passwords: Password of every role in `ROLES`; an existing role's is set anew.
    """
    with psycopg.connect(admin, autocommit=True) as connection:
        existing = {name for (name,) in connection.execute("select rolname from pg_roles")}
        for role in ROLES:
            verb: LiteralString = "alter" if role in existing else "create"
            connection.execute(
                sql.SQL("{} role {} login nosuperuser nocreatedb nocreaterole password {}").format(
                    sql.SQL(verb), sql.Identifier(role), passwords[role]
                )
            )
        known = connection.execute("select 1 from pg_database where datname = %s", [database])
        if known.fetchone() is None:
            # A managed service's admin is no superuser: it may only give away what it is a member of.
            connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(OWNER)))
            connection.execute(
                sql.SQL("create database {} owner {}").format(sql.Identifier(database), sql.Identifier(OWNER))
            )
    with psycopg.connect(admin, dbname=database, autocommit=True) as connection:
        connection.execute((FOLDER / "bootstrap.sql").read_bytes())
        name, roles = sql.Identifier(database), sql.SQL(", ").join(map(sql.Identifier, PROGRAM_ROLES))
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))
        connection.execute(sql.SQL("grant connect, temporary on database {} to {}").format(name, roles))


def migrate(owner: str, progress: Callable[[str], None] = lambda _: None) -> list[str]:
    """Apply what is missing and re-apply every function, as `regesta_owner`.

    Returns:
        The names of the migrations applied now, in order; empty when there was nothing to do.

    Raises:
        MigrationError: An applied file was edited or removed, or a statement failed. A failed file
            leaves no trace: each runs in its own transaction.
    """
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        connection.execute("create schema if not exists regesta")
        connection.execute(
            "create table if not exists regesta.migrations (name text primary key,"
            " checksum text not null, applied_at timestamptz not null default now())"
        )
        applied: dict[str, str] = dict(connection.execute("select name, checksum from regesta.migrations").fetchall())
        pending = plan(applied, migration_files())
        for path in pending:
            progress(path.name)
            with connection.transaction():
                _run(connection, path)
                connection.execute(
                    "insert into regesta.migrations (name, checksum) values (%s, %s)",
                    [path.name, checksum(path)],
                )
        with connection.transaction():
            for path in sorted((FOLDER / "functions").glob("*.sql")):
                _run(connection, path)
        return [path.name for path in pending]


def migration_files() -> list[Path]:
    """Return the migration files in the order they apply."""
    return sorted((FOLDER / "migrations").glob("[0-9][0-9][0-9][0-9]_*.sql"))


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, by which an edited migration is noticed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plan(applied: Mapping[str, str], files: list[Path]) -> list[Path]:
    """Return the files still to apply, or raise `MigrationError` when history was rewritten."""
    known = {path.name: path for path in files}
    for name, seen in applied.items():
        if name not in known:
            raise MigrationError(
                f"This database has migration {name}, which this release does not: "
                "run the release that made it, or a newer one."
            )
        if checksum(known[name]) != seen:
            raise MigrationError(
                f"sql/migrations/{name} was changed after it was applied: "
                "restore the file and put the change into a new migration."
            )
    return [path for path in files if path.name not in applied]


def _run(connection: psycopg.Connection, path: Path) -> None:
    try:
        connection.execute(path.read_bytes())
    except psycopg.Error as error:
        raise MigrationError(f"sql/{path.parent.name}/{path.name} failed: {error}") from error
