"""A database and an object store of a benchmark's own, thrown away afterwards; the model is the machine's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg

from corpus.database import conninfo
from corpus.embedding import load_embedder
from corpus.settings import regesta_home
from ingestion.governance import build_marts
from ingestion.settings import IngestionSettings
from ingestion.workbench import Workbench
from regesta.stack.database import passwords
from regesta.stack.ports import free_port
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.s3 import EmbeddedS3
from regesta.stack.settings_file import ensure_settings
from sql.migrate import OWNER, bootstrap, migrate


@contextmanager
def scratch_workbench() -> Iterator[Workbench]:
    """Give a workbench on fresh servers, ready to ingest."""
    machine = regesta_home()
    with tempfile.TemporaryDirectory(prefix="regesta-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        (Path(folder) / "models").symlink_to(machine / "models")
        ports = {f"REGESTA_{name}_PORT": str(free_port()) for name in ("API", "AIRFLOW", "POSTGRES", "S3")}
        variables = {"REGESTA_HOME": folder, "REGESTA_DBT_EXECUTABLE": str(machine / "dbt-venv/bin/dbt"), **ports}
        with patch.dict(os.environ, variables):
            settings = ensure_settings()
            with EmbeddedPostgres(settings).running() as admin, EmbeddedS3(settings).running():
                bootstrap(admin, "regesta", passwords(settings))
                migrate(conninfo(settings, OWNER, settings.owner_password))
                ingestion = IngestionSettings()
                embedder = load_embedder(ingestion.embedder_spec())
                with psycopg.connect(conninfo(settings, OWNER, settings.owner_password)) as connection:
                    connection.execute(
                        "select corpus.add_embedding_model(%s, %s, %s)",
                        [embedder.name, embedder.revision, embedder.dimensions],
                    )
                build_marts(ingestion)
                yield Workbench(ingestion)
