"""
### Restore versions

Serves earlier versions again: of one document, or of everything one run did. Also does whatever else was asked for
through the API: to serve the newest version again, to try a quarantined one again, to let it pass. Runs by itself as
soon as a request arrives, and by hand.

**What it does**: pins the earlier version and publishes it in one transaction, so readers see the old state or the new
one, never a mixture. No file is parsed and nothing is embedded. A document that the run had added is served no longer;
one that it had deleted is served again. A document that another run changed since is left alone, and the log says so.
A quarantined version is only marked; if its document was handed in, `ingest_arrivals` takes it up at once.

**What it does not do**: it runs no sync, so other quarantined documents wait for the next one of their source. Nor does
it stop later syncs. They make new versions, which wait until the pin is released: `regesta versions release DOCUMENT`.

**By hand**: give `document` (id, address, or the end of one) and perhaps `version`, or give `run` (the id in the
receipt); `until` ends the pins by itself. With neither, waiting requests are answered.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Asset, AssetWatcher, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from regesta_triggers import OutboxTrigger

REQUESTS = Asset(
    name="requests",
    uri="regesta://requests",
    watchers=[
        AssetWatcher(
            name="requests", trigger=OutboxTrigger(channel="regesta_requests", query="requests.waiting_tenants")
        )
    ],
)
log = logging.getLogger(__name__)


@task(outlets=[Asset(name="corpus", uri="regesta://corpus")], doc_md="Pins and publishes in one transaction.")
def restore() -> list[dict[str, Any]]:
    """Return what became of every document."""
    from ingestion import requests, versions
    from ingestion.errors import IngestionError
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    params = get_current_context()["params"]
    until = datetime.fromisoformat(params["until"]) if params["until"] else None
    with Workbench(IngestionSettings()).connect() as connection:
        try:
            if params["document"] or params["run"]:
                restored = versions.restore(
                    connection, params["document"], params["version"], params["run"], "airflow", params["reason"], until
                )
            else:
                restored = requests.answer_requests(connection)
        except IngestionError as error:
            raise AirflowFailException(str(error)) from error
    for entry in restored:
        log.info("%s", entry)
    return restored


@dag(
    dag_id="restore_versions",
    doc_md=__doc__,
    schedule=[REQUESTS],
    catchup=False,
    max_active_runs=1,
    tags=["governance"],
    dagrun_timeout=timedelta(minutes=30),
    default_args={
        "owner": "regesta",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "execution_timeout": timedelta(minutes=20),
    },
    params={
        "document": Param(None, type=["null", "string"], title="Document", description="Id, address, or its end."),
        "version": Param(
            None, type=["null", "integer"], minimum=1, title="Version", description="Empty: the one served before."
        ),
        "run": Param(None, type=["null", "string"], title="Run", description="Undo everything this run did."),
        "until": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Until",
            description="When the pins end by themselves; empty: when they are released.",
        ),
        "reason": Param("restored by hand", type="string", minLength=1, title="Reason"),
    },
)
def restore_versions() -> None:
    """Wire the one task."""
    restore()


restore_versions()
