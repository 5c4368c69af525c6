"""
### Ingest arrivals

Takes in what people hand in (uploads) and take back, seconds after it happens: runs when the trigger sees rows waiting
in `landing.arrivals`, for every enabled upload source that has some.

**What it does**: the same steps as `sync_sources`, for upload sources only. A successful run settles the arrivals
it has seen. What still waits (a run failed, something arrived meanwhile) is announced again after a minute, then after
ever longer pauses.

**What it does not do**: it looks at no other kind of source, and it is not what keeps arrivals safe: they lie in the
table, whether this runs or not.

**When it is red**: open the log of *settle*. Arrivals lose nothing by it: the next run takes them up. If arrivals wait
and this does not run, look whether the triggerer is up and the DAG is not paused.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Asset, AssetWatcher, chain, dag, task
from regesta_tasks import DEFAULT_ARGS, discover_sources, ingest_batch, settle, workbench
from regesta_triggers import OutboxTrigger

ARRIVALS = Asset(
    name="arrivals",
    uri="regesta://arrivals",
    watchers=[
        AssetWatcher(
            name="arrivals", trigger=OutboxTrigger(channel="regesta_arrivals", query="arrivals.waiting_arrivals")
        )
    ],
)


@task(doc_md="Lists the upload sources with waiting arrivals and stages what changed, in batches.")
def discover() -> list[str]:
    """Return the keys of the staged batches; the table, not the event, says which sources."""
    from ingestion.arrivals import waiting_sources

    bench = workbench()
    with bench.connect() as connection:
        names = waiting_sources(connection)
    return discover_sources(bench, names, "asset")


@dag(
    dag_id="ingest_arrivals",
    doc_md=__doc__,
    schedule=[ARRIVALS],
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    tags=["ingestion"],
    dagrun_timeout=timedelta(hours=2),
    default_args=DEFAULT_ARGS,
)
def ingest_arrivals() -> None:
    """Wire the steps."""
    batches = ingest_batch.expand(key=discover())
    chain(batches, settle())


ingest_arrivals()
