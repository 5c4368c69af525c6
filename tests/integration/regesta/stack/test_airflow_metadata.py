"""Airflow's metadata: migrated once, then left alone until something changed."""

from __future__ import annotations

import psycopg

from regesta.stack import airflow, stamps
from regesta.stack.airflow_metadata import create_database, migrate_metadata
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.settings import StackSettings


def test_it_is_migrated_once_with_the_gpu_pool(airflow_database: str, cluster: EmbeddedPostgres) -> None:
    settings: StackSettings = cluster.settings
    create_database(airflow_database, settings)
    create_database(airflow_database, settings)
    assert migrate_metadata(settings)
    assert not migrate_metadata(settings)
    with psycopg.connect(cluster.admin(airflow.DATABASE)) as connection:
        assert connection.execute("select slots from slot_pool where pool = 'gpu'").fetchone() == (1,)
        owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'public'").fetchall()
        assert owners == [(airflow.DATABASE,)]
    stamps.write(settings, "airflow", "an older release")
    assert migrate_metadata(settings)
