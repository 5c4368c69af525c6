"""
### Govern the corpus

Runs `dbt build` whenever a sync settles (the `corpus` asset): refreshes the marts analysts read and tests that what
is served is what the registry decided.

**What it does not do**: it changes nothing that searches read. The policies are views and always current; this
refreshes the reports and proves the promises.

**When it is red**: the log names the model or test. A failing test means the corpus breaks a promise: do not clear it
away, look at the rows the test returns (`dbt/tests/`, `dbt/models/`).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Asset, dag, task

log = logging.getLogger(__name__)


@task(doc_md="One `dbt build` of everything: about 5 CPU-seconds in all (docs/decisions/0003).")
def build_marts() -> dict[str, Any]:
    """Run dbt and log every node's result."""
    from ingestion.governance import build_marts as build
    from ingestion.settings import IngestionSettings

    nodes = build(IngestionSettings())
    for node in nodes:
        log.info("%-8s %6.2f s  %s", node.status, node.seconds, node.name)
    return {"nodes": len(nodes), "seconds": round(sum(node.seconds for node in nodes), 2)}


@dag(
    dag_id="govern_corpus",
    doc_md=__doc__,
    schedule=[Asset(name="corpus", uri="regesta://corpus")],
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["governance"],
    dagrun_timeout=timedelta(hours=1),
    default_args={
        "owner": "regesta",
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(minutes=30),
    },
)
def govern_corpus() -> None:
    """Wire the one task."""
    build_marts()


govern_corpus()
