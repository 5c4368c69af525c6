"""
### Re-embed the corpus

Changes the embedding model without downtime: builds the new model's vectors beside the old ones, compares both, asks a
person, and switches by one UPDATE.

**What it does**: *register* loads the candidate and gives it a row and an empty table → *estimate* counts passages and
tokens and measures the time on a sample → *build* embeds in batches, in the pool `gpu`, by as many workers as you say →
*index* gives big tenants a vector index → *compare* asks the golden set of both models → *approve* shows you estimate
and comparison and waits (Browse → Required Actions) → *switch* embeds what was published meanwhile and switches.

**What it does not do**: nothing that is searched changes before somebody approves, and searches never mix models. If
you reject, or nobody answers in time, the candidate stays as it is: run again to go on, or `regesta models drop`. The
old vectors stay for the way back (`regesta models back`) until `purge_versions` drops them after the retention window.

**When it is red**: clear the task; every step goes on where it was. A *build* that says its embedder failed needs the
model server or the accelerator looked at. A *switch* that says documents are published faster than they are embedded
wants a quieter hour.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

log = logging.getLogger(__name__)
APPROVAL_DAYS = 7
BODY = """\
**To be embedded when this run began**: {{ ti.xcom_pull(task_ids='estimate')['summary'] }}

**Comparison** (vectors alone, exact search): {{ ti.xcom_pull(task_ids='compare')['summary'] }}

| model | language | questions | hit@1 | hit@5 | MRR |
|---|---|---|---|---|---|
{% for row in ti.xcom_pull(task_ids='compare')['rows'] -%}
| {{ row.model }} | {{ row.language }} | {{ row.questions }} | {{ row.hit_at_1 }} | {{ row.hit_at_5 }} | {{ row.mrr }} |
{% endfor %}
"""


def workbench() -> Any:
    """Return a workbench; only its settings and its database are needed."""
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    return Workbench(IngestionSettings())


@task(doc_md="Loads the candidate and gives it a row and an empty table. Repeating it changes nothing.")
def register() -> dict[str, Any]:
    """Return the candidate's id and name."""
    from ingestion import reembedding
    from ingestion.errors import IngestionError

    given = {name: get_current_context()["params"][name] for name in CANDIDATE}
    prefixes = {name: given[name] or "" for name in ("query_prefix", "passage_prefix")}
    bench = workbench()
    try:
        spec = reembedding.candidate_spec(bench.settings, **{**given, **prefixes})
        with bench.connect() as connection:
            model, _ = reembedding.load_candidate(connection, spec)
    except IngestionError as error:  # what was asked for cannot be: trying again changes nothing
        raise AirflowFailException(str(error)) from error
    log.info("%s is model %d, %s", model, model.id, model.state)
    return {"id": model.id, "name": str(model)}


@task(pool="gpu", doc_md="Counts what lacks a vector, and measures the time it will take on 64 passages.")
def estimate(model_id: int) -> dict[str, Any]:
    """Return the estimate, also in words."""
    from corpus.models import find_model, load
    from ingestion import reembedding

    bench = workbench()
    with bench.connect() as connection:
        model = find_model(connection, model_id)
        found = reembedding.estimate(connection, model, load(model, bench.settings))
    log.info("%s: %s", model, found)
    return {"summary": str(found), **found.as_dict()}


@task(doc_md="One number per worker that builds; the work itself is shared out batch by batch.")
def workers(estimated: dict[str, Any]) -> list[int]:
    """Return as many numbers as workers were asked for; one is enough when there is nothing to build."""
    return list(range(get_current_context()["params"]["workers"] if estimated["chunks"] else 1))


@task(
    pool="gpu",
    execution_timeout=timedelta(hours=24),
    doc_md="Embeds batch after batch until nothing is left. A cleared or killed task goes on where it was.",
)
def build(model_id: int, worker: int) -> int:
    """Return how many passages this worker embedded."""
    from corpus.models import find_model, load
    from ingestion import reembedding

    bench, total = workbench(), 0

    def report(count: int) -> None:
        nonlocal total
        total += count
        log.info("worker %d: %d passages embedded", worker, total)

    with bench.connect() as connection:
        model = find_model(connection, model_id)
        return reembedding.build(connection, model, load(model, bench.settings), progress=report)


@task(execution_timeout=timedelta(hours=12), doc_md="Big tenants get a partition and a vector index of their own.")
def index(model_id: int) -> list[str]:
    """Return the tenants that got one."""
    from corpus.models import find_model
    from ingestion import reembedding

    bench = workbench()
    with bench.connect() as connection:
        model = find_model(connection, model_id)
        return reembedding.index_tenants(connection, model, bench.settings.tenant_partition_chunks)


@task(pool="gpu", doc_md="Hit rates and mean reciprocal rank of both models on the golden set, by vectors alone.")
def compare(model_id: int) -> dict[str, Any]:
    """Return the comparison, also in words and as rows of a table."""
    from corpus.models import find_model
    from ingestion import reembedding

    bench = workbench()
    with bench.connect() as connection:
        found = reembedding.compare_with_serving(connection, find_model(connection, model_id), bench.settings)
    log.info("%s %s", found.note(), found.rows())
    return {"summary": found.note(), "rows": found.rows(), **found.as_dict()}


@task(pool="gpu", doc_md="Embeds what was published meanwhile, then switches in one transaction. Readers never wait.")
def switch(model_id: int, approval: dict[str, Any]) -> str:
    """Return the model that serves now."""
    from corpus.models import find_model, load
    from ingestion import reembedding

    bench = workbench()
    with bench.connect() as connection:
        model = find_model(connection, model_id)
        embedder = load(model, bench.settings)
        model = reembedding.switch(connection, model, embedder, approver(approval))
    log.info("%s serves, approved by %s", model, model.approved_by)
    return str(model)


def approver(approval: dict[str, Any]) -> str:
    """Return who answered, as Airflow knows them."""
    user = approval["responded_by_user"]
    return str(user["name"] or user["id"])


PREFIX = "As the E5 family was trained with; clear it for a model that wants none."
CANDIDATE = {
    "provider": Param(
        "sentence_transformers", type="string", enum=["packaged", "sentence_transformers", "http"], title="Provider"
    ),
    "model": Param(
        None, type=["null", "string"], title="Model", description="Hub name, folder, or what the model server calls it."
    ),
    "revision": Param(
        None, type=["null", "string"], title="Revision", description="Hub revision, or what the server serves."
    ),
    "url": Param(
        None, type=["null", "string"], title="Address", description="Base URL of an `/v1/embeddings` server (http)."
    ),
    "dimensions": Param(
        None, type=["null", "integer"], minimum=1, maximum=4000, title="Dimensions", description="Needed by http."
    ),
    "query_prefix": Param("query: ", type=["null", "string"], title="Before questions", description=PREFIX),
    "passage_prefix": Param("passage: ", type=["null", "string"], title="Before passages", description=PREFIX),
}


@dag(
    dag_id="reembed_corpus",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["models"],
    dagrun_timeout=timedelta(days=APPROVAL_DAYS + 7),
    default_args={
        "owner": "regesta",
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=2),
    },
    params={
        **CANDIDATE,
        "workers": Param(1, type="integer", minimum=1, maximum=16, title="Workers", description="That build together."),
    },
)
def reembed_corpus() -> None:
    """Wire the tasks."""
    model_id = register()["id"]
    estimated = estimate(model_id)
    built = build.partial(model_id=model_id).expand(worker=workers(estimated))
    compared = compare(model_id)
    approve = ApprovalOperator(
        task_id="approve",
        subject="Let embedding model {{ ti.xcom_pull(task_ids='register')['name'] }} serve?",
        body=BODY,
        defaults=ApprovalOperator.REJECT,
        response_timeout=timedelta(days=APPROVAL_DAYS),
        doc_md="Waits for a person. Rejected, or not answered in a week: nothing is switched.",
    )
    built >> index(model_id) >> compared >> approve >> switch(model_id, approve.output)


reembed_corpus()
