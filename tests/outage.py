"""A database that is away for a while: connections are ended and refused, as when its server is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.conftest import Database


@contextmanager
def out_of_reach(database: Database) -> Iterator[None]:
    """Keep everybody out of a database for a block."""
    allow = sql.SQL("alter database {} with allow_connections {}")
    name = sql.Identifier(database.name)
    with psycopg.connect(database.admin, dbname="postgres", autocommit=True) as elsewhere:
        elsewhere.execute(allow.format(name, sql.SQL("false")))
        elsewhere.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database.name])
        try:
            yield
        finally:
            elsewhere.execute(allow.format(name, sql.SQL("true")))
