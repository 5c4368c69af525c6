"""
### Erase a document

Removes a document for good: raw bytes, versions, passages, vectors, signatures, and every question and answer that
quoted it. Leaves a receipt without its address, which also keeps it from coming back with the next sync.

**What it does not do**: it does not delete the document at its source, nor touch backups of the database, nor
Airflow's own task logs, where an address may stand until those logs expire. Raw bytes that another document shares
stay, as that document needs them.

**When it is red**: the document does not exist, or a sync has it in its hands; the retry comes when that has settled.
An erasure that was cut off after the database had changed is finished by the next try.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

log = logging.getLogger(__name__)


@task(
    outlets=[Asset(name="corpus", uri="regesta://corpus")],
    doc_md="Erases in one transaction, then cleans the object store.",
)
def erase() -> dict[str, Any]:
    """Erase the document and return the receipt."""
    from ingestion import erasure
    from ingestion.errors import IngestionError
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    params, bench = get_current_context()["params"], Workbench(IngestionSettings())
    with bench.connect() as connection:
        finished = erasure.finish_erasures(connection, bench.store)
        if finished:
            log.info("%d objects of earlier erasures removed", finished)
        try:
            receipt = erasure.erase(connection, bench.store, params["document"], "airflow", params["reason"])
        except erasure.RunAtWork:
            raise  # it settles; try again
        except IngestionError as error:  # there is no such document: trying again changes nothing
            raise AirflowFailException(str(error)) from error
    log.info("receipt: %s", receipt)
    return receipt


@dag(
    dag_id="erase_document",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["governance"],
    dagrun_timeout=timedelta(hours=1),
    default_args={
        "owner": "regesta",
        "retries": 10,  # a run may have the document in its hands for long
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(minutes=15),
    },
    params={
        "document": Param(type="string", minLength=1, title="Document", description="Its id, or its whole address."),
        "reason": Param(type="string", minLength=1, title="Reason", description="Why; it stands in the receipt."),
    },
)
def erase_document() -> None:
    """Wire the one task."""
    erase()


erase_document()
