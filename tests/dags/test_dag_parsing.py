"""Every DAG file parses quickly, is listed here, and says what an operator needs to know."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sql import queries

PARSE_SECONDS = 2.0
EXPECTED = {
    "sync_sources", "ingest_arrivals", "govern_corpus", "reembed_corpus", "purge_versions", "restore_versions",
    "erase_document", "answer_batches",
}  # fmt: skip
HEAVY = (
    "torch",
    "unstructured",
    "onnxruntime",
    "kiwipiepy",
    "great_expectations",
    "sentence_transformers",
    "fastapi.testclient",
)


@pytest.fixture(scope="module")
def dag_bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(Path(__file__).resolve().parents[2] / "dags"))


def test_dags_parse_without_errors(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}


def test_dags_are_all_listed_and_named_after_their_file(dag_bag: Any, dag_files: list[Path]) -> None:
    assert set(dag_bag.dags) == EXPECTED == {path.stem for path in dag_files}


def test_dags_parse_within_two_seconds_each(dag_bag: Any) -> None:
    slow = {stat.file: stat.duration for stat in dag_bag.dagbag_stats if stat.duration.total_seconds() > PARSE_SECONDS}
    assert not slow


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_dag_tells_an_operator_what_it_does(dag_bag: Any, dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]
    assert dag.doc_md
    assert "What it does not do" in dag.doc_md
    assert dag.tags
    assert dag.dagrun_timeout
    assert dag.max_active_runs == 1
    assert not dag.catchup


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_every_task_has_docs_owner_retries_and_a_time_limit(dag_bag: Any, dag_id: str) -> None:
    for task in dag_bag.dags[dag_id].tasks:
        settings = getattr(task, "partial_kwargs", None) or vars(task)
        assert task.doc_md, task.task_id
        assert task.owner == "regesta", task.task_id
        assert task.retries >= 1, task.task_id
        assert task.retry_delay, task.task_id
        assert settings.get("execution_timeout") or task.execution_timeout, task.task_id


def test_embedding_runs_in_the_gpu_pool(dag_bag: Any) -> None:
    tasks = {task.task_id: task for task in dag_bag.dags["sync_sources"].tasks}
    assert tasks["ingest_batch.embed"].pool == "gpu"


@pytest.mark.parametrize("dag_id", ["sync_sources", "ingest_arrivals"])
def test_ingesting_dags_run_the_steps_in_order(dag_bag: Any, dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]
    steps = ("land", "parse", "chunk", "embed", "validate", "publish")
    order = ["discover", *(f"ingest_batch.{name}" for name in steps), "settle"]
    for first, second in pairwise(order):
        assert second in dag.get_task(first).downstream_task_ids, f"{first} → {second}"


def test_steps_of_the_dags_are_the_steps_there_are(dag_bag: Any) -> None:
    from ingestion.steps import BATCH_STEPS

    tasks = [task.task_id for task in dag_bag.dags["sync_sources"].topological_sort()]
    assert [task for task in tasks if "." in task] == [f"ingest_batch.{name}" for name, _ in BATCH_STEPS]


def test_arrivals_are_watched_by_a_trigger_airflow_can_make_again(dag_bag: Any) -> None:
    (asset,) = dag_bag.dags["ingest_arrivals"].timetable.asset_condition.objects
    (watcher,) = asset.watchers
    path, arguments = watcher.trigger.serialize()
    module, _, name = path.rpartition(".")
    made = getattr(import_module(module), name)(**arguments)
    assert made.serialize() == (path, arguments)
    topic, _, query = arguments["query"].partition(".")
    assert query in queries(topic)


def test_parsing_dags_imports_nothing_heavy(dag_files: list[Path]) -> None:
    code = (
        "import sys, runpy\n"
        "for file in sys.argv[1:]: runpy.run_path(file)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, dag_files)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"
