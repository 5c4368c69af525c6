"""What set-up does inside the database: roles and schema, dbt's views, the first API key."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb

from corpus.database import DatabaseUnavailable, connect, conninfo
from corpus.settings import ROOT
from regesta.stack import stamps
from regesta.stack.errors import StackError
from regesta.stack.parts import UP_TO_DATE
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.settings import StackSettings, secret
from regesta.stack.settings_file import given, remember
from sql.migrate import bootstrap, migrate

OWNER = "regesta_owner"


def migrate_schema(settings: StackSettings) -> str | None:
    """Create roles and database where an administrator is known, then apply what is missing."""
    applied = apply_migrations(settings)
    return ", ".join(applied) if applied else UP_TO_DATE


def apply_migrations(settings: StackSettings) -> list[str]:
    """Bring the database to the newest schema and return the migrations applied now."""
    name = str(conninfo_to_dict(settings.database_url).get("dbname") or "regesta")
    if settings.postgres == "embedded" or settings.admin_database_url:
        try:
            bootstrap(admin(settings, "postgres"), name, passwords(settings))
        except psycopg.OperationalError as error:
            raise StackError(f"Cannot reach Postgres as administrator: {error}") from error
    try:
        return migrate(conninfo(settings, OWNER, settings.owner_password, statement_seconds=600))
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"Cannot migrate as {OWNER}: {error}. For an external database set REGESTA_ADMIN_DATABASE_URL, or "
            "create the roles by hand and set REGESTA_OWNER_PASSWORD and the other role passwords."
        ) from error


def passwords(settings: StackSettings) -> dict[str, str]:
    """Return the password of every role of ours."""
    return {
        OWNER: secret(settings.owner_password),
        "regesta_ingestion": secret(settings.ingestion_password),
        "regesta_serving": secret(settings.serving_password),
        "regesta_dbt": secret(settings.dbt_password),
        "regesta_analyst": secret(settings.analyst_password),
    }


def admin(settings: StackSettings, database: str) -> str:
    """Return the administrator's connection string, for set-up only."""
    if settings.postgres == "external":
        return secret(settings.admin_database_url)
    return EmbeddedPostgres(settings).admin(database)


def register_model(settings: StackSettings) -> str | None:
    """Register the model the settings name while none serves; from then on `regesta models` changes it."""
    from corpus.embedding import load_embedder
    from corpus.models import describe, list_models

    with connect(conninfo(settings, OWNER, settings.owner_password)) as connection:
        if any(model.state == "serving" and model.spec for model in list_models(connection)):
            return UP_TO_DATE
        spec = settings.embedder_spec()
        embedder = load_embedder(spec)
        connection.execute(
            "select corpus.add_embedding_model(%s, %s, %s, %s)",
            [embedder.name, embedder.revision, embedder.dimensions, Jsonb(describe(spec, embedder))],
        )
    return f"{embedder.name} ({embedder.revision})"


def build_views(settings: StackSettings) -> str | None:
    """Have dbt build its views, unless this database has the ones of these very files."""
    files = [path for path in (ROOT / "dbt").rglob("*") if path.is_file() and path.suffix in (".sql", ".yml", ".csv")]
    wanted = f"{identity(settings)} {stamps.checksum(files)}"
    if stamps.read(settings, "dbt") == wanted:
        return UP_TO_DATE
    from ingestion.governance import build_marts
    from ingestion.settings import IngestionSettings

    build_marts(IngestionSettings())
    stamps.write(settings, "dbt", wanted)
    return None


def create_first_key(settings: StackSettings) -> str | None:
    """Create an API key for this machine, unless one was given or this database already has it."""
    wanted = identity(settings)
    if "API_KEY" in given() or (settings.api_key and stamps.read(settings, "key") == wanted):
        return UP_TO_DATE
    from serving.keys import create_key

    with connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        key = create_key(connection, "local stack", "default", ["everyone"])
    remember(settings.home, API_KEY=key)
    stamps.write(settings, "key", wanted)
    return None


def identity(settings: StackSettings) -> str:
    """Name this very database: one that was dropped and made again is another."""
    with connect(conninfo(settings, OWNER, settings.owner_password)) as connection:
        row = connection.execute(
            "select oid::text || ' ' || (select min(applied_at) from regesta.migrations)"
            " from pg_database where datname = current_database()"
        ).fetchone()
    return str(row[0]) if row else ""
