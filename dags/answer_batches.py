"""
### Answer batches

Answers the questions that were handed in as batches (`POST /v1/batches`). Runs by itself as soon as a batch arrives,
and by hand for whatever waits.

**What it does**: one mapped task per 500 waiting questions of a batch, eight at most. Each task asks the serving
engine as a library: the same search, caches and models as the API, with the rights of the key that handed the batch in,
as they are now. A question is claimed for five minutes; if its worker is lost, another one takes it up. A question that
cannot be answered ends with its reason and fails nothing else.

**What it does not do**: it does not answer a batch whose key was revoked; its questions end with that reason. It keeps
no limits of requests per minute.

**When it is red**: the database or the embedding model is down. Nothing is lost: what was in hand waits again, and the
next run, announced within a minute or so, goes on where this one stopped.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import Asset, AssetWatcher, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from regesta_triggers import OutboxTrigger

QUESTIONS_PER_TASK = 500
MAX_TASKS = 8
BATCHES = Asset(
    name="batches",
    uri="regesta://batches",
    watchers=[
        AssetWatcher(name="batches", trigger=OutboxTrigger(channel="regesta_batches", query="batches.waiting_batches"))
    ],
)
log = logging.getLogger(__name__)


@task(doc_md="Looks which batches wait, and shares them out: ids only, the questions stay in the database.")
def plan() -> list[str]:
    """Return the id of a batch once per task that is to work on it."""
    from serving.batch_running import plan_batches
    from serving.settings import ServingSettings

    shares = plan_batches(ServingSettings(), QUESTIONS_PER_TASK, MAX_TASKS)
    if not shares:
        raise AirflowSkipException("No batch waits.")
    return shares


@task(doc_md="Claims, answers and finishes questions of one batch until none waits.", max_active_tis_per_dag=2)
def answer(batch_id: str) -> dict[str, int]:
    """Return how many questions ended in which state."""
    from serving.batch_running import work_on_batch
    from serving.settings import ServingSettings

    ended = work_on_batch(ServingSettings(), batch_id)
    log.info("batch %s: %s", batch_id, ended)
    return ended


@dag(
    dag_id="answer_batches",
    doc_md=__doc__,
    schedule=[BATCHES],
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    tags=["serving"],
    dagrun_timeout=timedelta(hours=6),
    default_args={
        "owner": "regesta",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=5),
    },
)
def answer_batches() -> None:
    """Wire the two tasks."""
    answer.expand(batch_id=plan())


answer_batches()
