"""Airflow's metadata database: created, migrated, and left alone while it is up to date."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys

import psycopg
from psycopg import sql

from regesta.stack import airflow, stamps
from regesta.stack.command import last_lines
from regesta.stack.errors import ServiceFailed
from regesta.stack.settings import StackSettings, secret

# Both commands in one interpreter: each start of Airflow's command line costs 3 to 5 CPU seconds.
_PROGRAM = """
from airflow.cli.cli_parser import get_parser
parser = get_parser()
for words in (["db", "migrate"], ["pools", "set", "gpu", "1", "One embedding job at a time"]):
    arguments = parser.parse_args(words)
    arguments.func(arguments)
"""


def create_database(admin: str, settings: StackSettings) -> None:
    """Create the role and the database of the metadata, or set the role's password anew."""
    name = sql.Identifier(airflow.DATABASE)
    with psycopg.connect(admin, autocommit=True) as connection:
        role = connection.execute("select 1 from pg_roles where rolname = %s", [airflow.DATABASE]).fetchone()
        verb = sql.SQL("alter") if role else sql.SQL("create")
        connection.execute(
            sql.SQL("{} role {} login nosuperuser nocreatedb nocreaterole password {}").format(
                verb, name, secret(settings.airflow_database_password)
            )
        )
        known = connection.execute("select 1 from pg_database where datname = %s", [airflow.DATABASE])
        if known.fetchone() is None:
            connection.execute(sql.SQL("create database {} owner {}").format(name, name))
            connection.execute(sql.SQL("revoke all on database {} from public").format(name))


def migrate_metadata(settings: StackSettings) -> bool:
    """Bring the metadata to this Airflow's schema and make the `gpu` pool; say whether there was work.

    Raises:
        ServiceFailed: Airflow's migration failed; the message has its last lines.
    """
    version = importlib.metadata.version("apache-airflow")
    revision = _revision(settings)
    if revision and stamps.read(settings, "airflow") == f"{version} {revision}":
        return False
    airflow.prepare(settings)
    log = settings.logs / "airflow-migrate.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], cwd=settings.airflow_home, timeout=600,
            env={**os.environ, **airflow.environment(settings)}, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if done.returncode != 0:
        raise ServiceFailed(f"Airflow's metadata could not be migrated. The end of {log}:{last_lines(log)}")
    stamps.write(settings, "airflow", f"{version} {_revision(settings)}")
    return True


def _revision(settings: StackSettings) -> str | None:
    """Return the schema revision the database is at; None when it has none yet."""
    plain = airflow.database_url(settings).replace("postgresql+psycopg2:", "postgresql:", 1)
    try:
        connected = psycopg.connect(plain, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise ServiceFailed(
            f"Airflow's metadata database cannot be reached: {error}. For an external Postgres set "
            "REGESTA_AIRFLOW_DATABASE_URL to a database of its own, or REGESTA_ADMIN_DATABASE_URL to have one made."
        ) from error
    with connected as connection:
        table = connection.execute("select to_regclass('alembic_version')").fetchone()
        if table is None or table[0] is None:
            return None
        row = connection.execute("select version_num from alembic_version").fetchone()
        return str(row[0]) if row else None
