"""
### Sync sources

Compares every enabled source with the registry, lands what changed, and publishes it; runs nightly and by hand.

**What it does**, per source: *discover* lists without downloading → *land* copies raw bytes under their hash →
*parse* → *chunk* → *embed* only passages that have no vector → *publish* in one transaction → *settle* closes the
ledger and prints the receipt. Between tasks travel keys of staged files, never documents.

**What it does not do**: it never deletes on the word of a listing that is empty or lost over 30 % of the known
documents; run it again with `confirm_removals` if they are really gone.

**When it is red**: open the log of *settle*: it names every document that was not reached and why. A document whose
content cannot be used is *quarantined* with its reason and does not turn the run red. Every step can be repeated, and
a new run is always safe: it takes over from one that never settled, and does only what is left to do.

**By hand**: leave `source` empty for all enabled sources, or name one.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, TriggerRule, chain, dag, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException

CORPUS = Asset(name="corpus", uri="regesta://corpus")
log = logging.getLogger(__name__)


def workbench() -> Any:
    """Return the steps' workbench, with S3 as Airflow's connection `regesta_s3` describes it."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    return Workbench(IngestionSettings(), client=S3Hook(aws_conn_id="regesta_s3").get_conn())


@task(doc_md="Lists the sources and stages what changed, in batches. Downloads nothing.")
def discover() -> list[str]:
    """Return the keys of the staged batches of every source; a source that cannot be listed fails alone."""
    from ingestion import steps
    from ingestion.errors import IngestionError, SourceRefused, SourceUnavailable

    context = get_current_context()
    params, run = context["params"], context["dag_run"]
    bench = workbench()
    keys, errors, worth_retrying = [], [], False
    for name in [params["source"]] if params["source"] else steps.enabled_sources(bench):
        try:
            trigger = "schedule" if str(run.run_type) == "scheduled" else "manual"
            run_id, staged = steps.discover(bench, name, trigger, run.run_id, params["confirm_removals"])
            log.info("%s: run %s, %d batches to work on", name, run_id, len(staged))
            keys += staged
        except IngestionError as error:
            log.error("%s: %s", name, error)
            errors.append(f"{name}: {error}")
            worth_retrying |= isinstance(error, SourceUnavailable) and not isinstance(error, SourceRefused)
    if errors and not keys:
        raise (RuntimeError if worth_retrying else AirflowFailException)("\n".join(errors))
    return keys


@task(doc_md="Copies raw bytes to `raw/<sha256>`; bytes that are there already are not written twice.")
def land(key: str) -> str:
    """Run the landing step on one batch."""
    from ingestion import steps

    return steps.land(workbench(), key)


@task(doc_md="Turns bytes into headings, paragraphs, tables and code. Unusable content is quarantined.")
def parse(key: str) -> str:
    """Run the parsing step on one batch."""
    from ingestion import steps

    return steps.parse(workbench(), key)


@task(doc_md="Cuts documents into passages whose boundaries survive edits elsewhere in the document.")
def chunk(key: str) -> str:
    """Run the chunking step on one batch."""
    from ingestion import steps

    return steps.chunk(workbench(), key)


@task(pool="gpu", doc_md="Embeds passages that have no vector yet. One at a time per accelerator: pool `gpu`.")
def embed(key: str) -> str:
    """Run the embedding step on one batch."""
    from ingestion import steps

    return steps.embed(workbench(), key)


@task(doc_md="Versions, chunks, vectors, live flags and ledger change in one transaction.")
def publish(key: str) -> str:
    """Run the publishing step on one batch."""
    from ingestion import steps

    return steps.publish(workbench(), key)


@task_group
def ingest_batch(key: str) -> None:
    """Take one batch through every step; batches do not wait for each other."""
    publish(embed(chunk(parse(land(key)))))


@task(
    trigger_rule=TriggerRule.ALL_DONE,
    outlets=[CORPUS],
    doc_md="Closes the ledger. Fails when a document was not reached; prints the receipt either way.",
)
def settle() -> list[dict[str, Any]]:
    """Return the receipts; raise when a run did not succeed, or none was opened."""
    from ingestion import steps

    bench = workbench()
    receipts = steps.settle_dag_run(bench, get_current_context()["dag_run"].run_id)
    for receipt in receipts:
        log.info("%s %s in %.1f s\n%s", receipt.source, receipt.state, receipt.seconds, receipt.summary())
        for problem in steps.problems(bench, str(receipt.run_id)):
            log.warning("%s: %s: %s", problem["outcome"], problem["uri"], problem["reason"])
    broken = [f"{receipt.source}: {receipt.reason}" for receipt in receipts if receipt.state != "succeeded"]
    if broken:
        raise RuntimeError("; ".join(broken))
    return [receipt.as_dict() for receipt in receipts]


@dag(
    dag_id="sync_sources",
    doc_md=__doc__,
    schedule="0 2 * * *",  # without a start date, the first one is the next night's, not last night's at once
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    tags=["ingestion"],
    dagrun_timeout=timedelta(hours=6),
    default_args={
        "owner": "regesta",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=1),
    },
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
