"""What every test may stand on: a real Postgres, a database of its own, a real S3, settings that touch nothing else."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from corpus.settings import CorpusSettings, regesta_home
from regesta.stack.airflow import DATABASE as AIRFLOW
from regesta.stack.ports import free_block, free_port
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.s3 import EmbeddedS3
from regesta.stack.settings import InternalPorts, StackSettings, secret
from sql.migrate import ROLES, bootstrap, migrate

# A developer's own settings must not decide what a test sees. The home stays until a test begins: fixtures
# of a whole session take the built model from it.
for _name in [name for name in os.environ if name.startswith("REGESTA_") and name != "REGESTA_HOME"]:
    del os.environ[_name]

PASSWORD = "a test's password"
"""Of every role; with a blank and a quote, because passwords have them."""
TEMPLATE = "regesta_template"
SettingsT = TypeVar("SettingsT", bound=CorpusSettings)


@dataclass(frozen=True)
class Database:
    """A migrated database of its own for one module of tests."""

    name: str
    port: int
    admin: str
    """The superuser's connection string, for what only an administrator may look at."""
    passwords: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ROLES, PASSWORD))

    @property
    def url(self) -> str:
        """What REGESTA_DATABASE_URL would be."""
        return f"postgresql://127.0.0.1:{self.port}/{self.name}"

    def conninfo(self, role: str) -> str:
        """Return the connection string of one of our roles."""
        return make_conninfo(self.url, user=role, password=self.passwords[role], connect_timeout=5)


@dataclass(frozen=True)
class ObjectServer:
    """A real S3 server; `client` is a boto3 client of it."""

    endpoint: str
    access_key_id: str
    secret_access_key: str
    client: Any


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every test at an empty home of its own, and at no `.env`."""
    home = tmp_path / "home"
    monkeypatch.setenv("REGESTA_HOME", str(home))
    monkeypatch.setattr("corpus.settings.settings_files", lambda: (regesta_home() / "settings.env",))
    return home


@pytest.fixture(scope="session")
def machine() -> Iterator[StackSettings]:
    """Settings of one small stack for the whole session: free ports, a short folder anybody can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="regesta-test-", dir="/tmp"))
    folder.chmod(0o711)
    postgres_port, s3_port = free_port(), free_port()
    try:
        yield StackSettings(
            _env_file=None, home=folder, postgres_port=postgres_port, s3_port=s3_port,
            internal_port_base=free_block(str(folder), len(InternalPorts._fields), {postgres_port, s3_port}),
            postgres_password=PASSWORD, s3_endpoint=f"http://127.0.0.1:{s3_port}", s3_access_key_id="test-key",
            s3_secret_access_key=PASSWORD, database_url=f"postgresql://127.0.0.1:{postgres_port}/regesta",
            airflow_database_password=PASSWORD,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(machine: StackSettings) -> Iterator[EmbeddedPostgres]:
    """A real Postgres with a template database as set-up leaves it; nothing in it outlives the session."""
    from corpus.embedding.packaged_model import NAME, REVISION

    server = EmbeddedPostgres(machine, options={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})
    with server.running() as admin:
        bootstrap(admin, TEMPLATE, dict.fromkeys(ROLES, PASSWORD))
        owner = Database(TEMPLATE, machine.postgres_port, admin).conninfo("regesta_owner")
        migrate(owner)
        with psycopg.connect(owner) as connection:
            connection.execute("select corpus.add_embedding_model(%s, %s, %s)", [NAME, REVISION, 384])
        _build_views(machine)
        yield server


def _build_views(machine: StackSettings) -> None:
    """Have dbt build the views that decide into the template, once for all databases of the session."""
    from ingestion.governance import build_marts
    from ingestion.settings import IngestionSettings

    settings = IngestionSettings(
        _env_file=None, home=machine.home, dbt_password=PASSWORD, s3_endpoint=machine.s3_endpoint,
        database_url=f"postgresql://127.0.0.1:{machine.postgres_port}/{TEMPLATE}",
        dbt_executable=regesta_home() / "dbt-venv" / "bin" / "dbt",
    )  # fmt: skip
    build_marts(settings, "path:models/marts,config.materialized:view")


@pytest.fixture(scope="module")
def database(cluster: EmbeddedPostgres) -> Iterator[Database]:
    """A fresh database as set-up leaves it: migrated, the packaged model registered; dropped after the module."""
    admin = cluster.admin()
    name = f"test_{uuid4().hex[:12]}"
    copy = sql.SQL("create database {} template {} owner regesta_owner")
    drop = sql.SQL("drop database {} with (force)")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        found = Database(name, cluster.settings.postgres_port, cluster.admin(name))
        bootstrap(admin, name, found.passwords)  # who may connect is not copied with the template
        yield found
        connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def s3(machine: StackSettings) -> Iterator[ObjectServer]:
    """A real S3 server with the landing bucket and an empty source bucket."""
    with EmbeddedS3(machine).running() as client:
        yield ObjectServer(
            str(machine.s3_endpoint), str(machine.s3_access_key_id), secret(machine.s3_secret_access_key), client
        )


@pytest.fixture(scope="session")
def model(machine: StackSettings) -> Path:
    """The packaged embedding model, built once for this machine, linked into the session's home."""
    from corpus.embedding.packaged_model import ensure_built

    built = ensure_built(regesta_home() / "models")
    link = machine.home / "models"
    if not link.exists():
        link.symlink_to(built.parent)
    return built


@pytest.fixture(scope="module")
def settings(
    machine: StackSettings, database: Database, s3: ObjectServer, model: Path
) -> Callable[..., CorpusSettings]:
    """Give `settings(IngestionSettings, batch_size=2)`: any program's settings for these real services."""
    known: dict[str, Any] = {
        "home": machine.home,
        "database_url": database.url,
        "s3_endpoint": s3.endpoint,
        "s3_access_key_id": s3.access_key_id,
        "s3_secret_access_key": s3.secret_access_key,
        **{f"{role.removeprefix('regesta_')}_password": password for role, password in database.passwords.items()},
        "dbt_executable": regesta_home() / "dbt-venv" / "bin" / "dbt",
    }

    def make(kind: type[SettingsT], **given: Any) -> SettingsT:
        fields = {name: value for name, value in known.items() if name in kind.model_fields}
        return kind(_env_file=None, **{**fields, **given})

    return make


@pytest.fixture
def airflow_database(cluster: EmbeddedPostgres) -> Iterator[str]:
    """A superuser's connection string, with Airflow's role and database gone again afterwards."""
    yield cluster.admin()
    with psycopg.connect(cluster.admin(), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(AIRFLOW)))
        connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(AIRFLOW)))
