"""The tasks every ingesting DAG is wired from: one per step, each a thin call of `ingestion.steps`."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, TriggerRule, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

CORPUS = Asset(name="corpus", uri="regesta://corpus")
DEFAULT_ARGS = {
    "owner": "regesta",
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
}
log = logging.getLogger(__name__)


def workbench() -> Any:
    """Return the steps' workbench, with S3 as Airflow's connection `regesta_s3` describes it."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    return Workbench(IngestionSettings(), client=S3Hook(aws_conn_id="regesta_s3").get_conn())


def discover_sources(bench: Any, names: Iterable[str], trigger: str, confirm_removals: bool = False) -> list[str]:
    """Return the keys of the staged batches of some sources; one that cannot be listed fails alone.

    Raises:
        AirflowSkipException: There are no sources to look at, so nothing has changed.
    """
    from ingestion import steps
    from ingestion.errors import IngestionError, SourceRefused, SourceUnavailable

    names = list(names)
    if not names:
        raise AirflowSkipException("No source is due and nothing waits.")
    keys, errors, worth_retrying = [], [], False
    for name in names:
        try:
            run_id, staged = steps.discover(
                bench, name, trigger, get_current_context()["dag_run"].run_id, confirm_removals
            )
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


@task(doc_md="Holds the batch against every expectation. A document that fails one is quarantined under its name.")
def validate(key: str) -> str:
    """Run the validating step on one batch."""
    from ingestion import steps

    return steps.validate(workbench(), key)


@task(doc_md="Versions, chunks, vectors, live flags and ledger change in one transaction.")
def publish(key: str) -> str:
    """Run the publishing step on one batch."""
    from ingestion import steps

    return steps.publish(workbench(), key)


@task_group
def ingest_batch(key: str) -> None:
    """Take one batch through every step; batches do not wait for each other."""
    publish(validate(embed(chunk(parse(land(key))))))


@task(
    trigger_rule=TriggerRule.ALL_DONE,
    outlets=[CORPUS],
    doc_md="Closes the ledger. Fails when a document was not reached; prints the receipt either way.",
)
def settle() -> list[dict[str, Any]]:
    """Return the receipts; raise when a run did not succeed. Without a run this is skipped, and no event goes out."""
    from ingestion import steps

    bench, context = workbench(), get_current_context()
    receipts = steps.settle_dag_run(bench, context["dag_run"].run_id)
    for receipt in receipts:
        log.info("%s %s in %.1f s\n%s", receipt.source, receipt.state, receipt.seconds, receipt.summary())
        for problem in steps.problems(bench, str(receipt.run_id)):
            log.warning("%s: %s: %s", problem["outcome"], problem["uri"], problem["reason"])
    broken = [f"{receipt.source}: {receipt.reason}" for receipt in receipts if receipt.state != "succeeded"]
    if broken:
        raise RuntimeError("; ".join(broken))
    if not receipts:
        _end_without_runs(context)
    return [receipt.as_dict() for receipt in receipts]


def _end_without_runs(context: Any) -> None:
    """Tell apart that there was nothing to do and that nothing could be begun."""
    instance = context["ti"]
    states = instance.get_task_states(dag_id=instance.dag_id, task_ids=["discover"], run_ids=[instance.run_id])
    if "skipped" in str(states):
        raise AirflowSkipException("No source was due.")
    raise AirflowFailException("No run was opened; the log of discover says why.")
