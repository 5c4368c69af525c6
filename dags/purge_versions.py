"""
### Purge versions

Removes what the retention policy has let go: versions out of service for the whole window (14 days unless
`REGESTA_RETENTION_DAYS` says otherwise), the raw objects whose source keeps them no longer, embedding models past their
way back, and pins that ran out. Runs daily.

**What it does**: dbt decides (`marts.expired_versions`, read it to see what the next run will remove and why), this
removes: passages, vectors, signatures and metadata of those versions. Their rows stay, without content, as history.

**What it does not do**: it never touches a version that is served or pinned, and never the newest one of a document
that is still at its source. It deletes no raw object while a sync is at work.

**When it is red**: nothing is half-purged; every tenant is one transaction. Clear the task, or wait for tomorrow's run.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, chain, dag, task

log = logging.getLogger(__name__)


@task(doc_md="Builds `marts.expired_versions` with the retention window that is set now.")
def decide() -> None:
    """Have dbt say what has expired."""
    from ingestion.governance import build_marts
    from ingestion.settings import IngestionSettings

    build_marts(IngestionSettings(), "expired_versions")


@task(outlets=[Asset(name="corpus", uri="regesta://corpus")], doc_md="Removes it, tenant by tenant.")
def purge() -> dict[str, Any]:
    """Purge and return how much went."""
    from ingestion import purging, reembedding
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    bench = Workbench(IngestionSettings())
    with bench.connect() as connection:
        purged = purging.purge(connection, bench.store).as_dict()
        dropped = reembedding.drop_expired_models(connection, bench.settings)
    log.info("purged: %s; embedding models dropped: %s", purged, dropped or "none")
    return {**purged, "models": dropped}


@dag(
    dag_id="purge_versions",
    doc_md=__doc__,
    schedule="30 4 * * *",
    catchup=False,
    max_active_runs=1,
    tags=["governance"],
    dagrun_timeout=timedelta(hours=3),
    default_args={
        "owner": "regesta",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=2),
    },
)
def purge_versions() -> None:
    """Wire the two tasks."""
    chain(decide(), purge())


purge_versions()
