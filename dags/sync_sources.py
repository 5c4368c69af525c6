"""
### Sync sources

Compares sources with the registry, lands what changed, and publishes it. Runs every hour for the sources that are due
(hourly ones each time, nightly ones at 02:00 UTC, manual ones never), and by hand. A time that was missed is made up
for at the next full hour. When nothing is due, everything is skipped.

**What it does**, per source: *discover* lists without downloading → *land* copies raw bytes under their hash →
*parse* → *chunk* → *embed* only passages that have no vector → *validate* → *publish* in one transaction → *settle*
closes the ledger and prints the receipt. Between tasks travel keys of staged files, never documents.

**What it does not do**: it never deletes on the word of a listing that is empty or lost over 30 % of the known
documents; run it again with `confirm_removals` if they are really gone.

**When it is red**: open the log of *settle*: it names every document that was not reached and why. A document whose
content cannot be used is *quarantined* with its reason and does not turn the run red. Every step can be repeated, and
a new run is always safe: it takes over from one that never settled, and does only what is left to do.

**By hand**: leave `source` empty for all enabled sources, whatever their schedule, or name one.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, chain, dag, get_current_context, task
from regesta_tasks import DEFAULT_ARGS, discover_sources, ingest_batch, settle, workbench


@task(doc_md="Lists the sources that are due and stages what changed, in batches. Downloads nothing.")
def discover() -> list[str]:
    """Return the keys of the staged batches of every source."""
    from ingestion.schedules import due_sources
    from ingestion.steps import enabled_sources

    context = get_current_context()
    params, run = context["params"], context["dag_run"]
    bench = workbench()
    if str(run.run_type) == "scheduled":
        with bench.connect() as connection:
            names = due_sources(connection, run.logical_date)
        return discover_sources(bench, names, "schedule", params["confirm_removals"])
    names = [params["source"]] if params["source"] else enabled_sources(bench)
    return discover_sources(bench, names, "manual", params["confirm_removals"])


@dag(
    dag_id="sync_sources",
    doc_md=__doc__,
    schedule="0 * * * *",  # without a start date, the first one is the next hour's
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    tags=["ingestion"],
    dagrun_timeout=timedelta(hours=6),
    default_args=DEFAULT_ARGS,
    params={
        "source": Param(
            None, type=["null", "string"], title="Source", description="Name of one source; empty: every enabled one."
        ),
        "confirm_removals": Param(
            False,
            type="boolean",
            title="Confirm removals",
            description="Delete even when the listing is empty or lost over 30 % of the known documents.",
        ),
    },
)
def sync_sources() -> None:
    """Wire the steps."""
    batches = ingest_batch.expand(key=discover())
    chain(batches, settle())


sync_sources()
