"""Connections to the one database, always as a named program role and always with time limits."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from corpus.errors import CorpusError
from corpus.settings import CorpusSettings


class DatabaseUnavailable(CorpusError):
    """Postgres could not be reached."""


def conninfo(settings: CorpusSettings, role: str, password: SecretStr | None, statement_seconds: int = 60) -> str:
    """Return the libpq connection string of one program role.

    Args:
        settings: Gives host, port, database and TLS options (`database_url`).
        role: `regesta_ingestion`, `regesta_serving`, …
        password: Its password; None leaves it to `~/.pgpass` or the server.
        statement_seconds: Server-side limit per statement; nothing may hang.
    """
    secret = {"password": password.get_secret_value()} if password else {}
    return make_conninfo(
        settings.database_url,
        user=role,
        connect_timeout=settings.database_connect_timeout,
        options=f"-c statement_timeout={statement_seconds}s -c idle_in_transaction_session_timeout=300s",
        application_name=role,
        **secret,
    )


def connect(info: str) -> psycopg.Connection:
    """Open one synchronous connection, or raise `DatabaseUnavailable` with the address and a hint."""
    try:
        return psycopg.connect(info)
    except psycopg.OperationalError as error:
        where = psycopg.conninfo.conninfo_to_dict(info)
        raise DatabaseUnavailable(
            f"Cannot connect to Postgres at {where.get('host')}:{where.get('port')} as "
            f"{where.get('user')}: {error}. Start it with `make up`, or set REGESTA_DATABASE_URL."
        ) from error
