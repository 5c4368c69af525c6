"""`regesta sync`: run the steps through Airflow, or here in the foreground."""

from __future__ import annotations

import time
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from regesta.output import AsJson, console, print_json, print_table

STEPS = ("discover", "land", "parse", "chunk", "embed", "validate", "publish", "settle")
POLL_SECONDS = 0.5


def sync(
    source: Annotated[str, typer.Argument(help="Name of a source; see `regesta sources list`.")],
    local: Annotated[bool, typer.Option("--local", help="Run the same steps here, without Airflow.")] = False,
    confirm_removals: Annotated[
        bool, typer.Option(help="Delete even when the listing is empty or lost over 30 %.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the corpus up to date with a source and print the receipt."""
    receipts = (
        run_locally(source, confirm_removals, quiet=as_json)
        if local
        else run_in_airflow(source, confirm_removals, quiet=as_json)
    )
    if as_json:
        print_json(receipts)
    else:
        for receipt in receipts:
            print_receipt(receipt)
    if any(receipt["state"] != "succeeded" for receipt in receipts):
        raise typer.Exit(1)


def run_locally(source: str, confirm_removals: bool, quiet: bool = False) -> list[dict[str, Any]]:
    """Run the steps of one sync in this process and return its receipt."""
    from ingestion import steps
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    bench = Workbench(IngestionSettings())
    with _progress(quiet) as progress:
        bar = progress.add_task("discover", total=None)
        run_id, keys = steps.discover(bench, source, "local", f"local__{uuid4()}", confirm_removals)
        try:
            for number, key in enumerate(keys, 1):
                for name, step in steps.BATCH_STEPS:
                    label = name if len(keys) == 1 else f"{name} {number}/{len(keys)}"
                    progress.update(bar, description=label, total=steps.item_count(bench, key), completed=0)
                    bench.progress = lambda count: progress.advance(bar, count)
                    key = step(bench, key)
        finally:
            progress.update(bar, description="settle")
            receipt = steps.settle(bench, run_id)
    return [_described(bench, receipt)]


def run_in_airflow(source: str, confirm_removals: bool, quiet: bool = False) -> list[dict[str, Any]]:
    """Trigger the `sync_sources` DAG, follow it to its end, and return the receipts."""
    from ingestion.settings import IngestionSettings
    from ingestion.sources import find_source
    from ingestion.workbench import Workbench
    from regesta.stack.airflow import AirflowClient
    from regesta.stack.settings import StackSettings

    bench = Workbench(IngestionSettings())
    with bench.connect() as connection:
        find_source(connection, source)  # an unknown name is refused before anything starts
    client = AirflowClient.of(StackSettings())
    dag_run_id = client.trigger_dag("sync_sources", {"source": source, "confirm_removals": confirm_removals})
    with _progress(quiet) as progress:
        bar = progress.add_task("queued", total=len(STEPS), completed=0)
        while True:
            state = client.dag_run("sync_sources", dag_run_id)["state"]
            tasks = client.task_instances("sync_sources", dag_run_id)
            done, label = airflow_progress(tasks)
            progress.update(bar, completed=done, description=label)
            if state in ("success", "failed"):
                break
            time.sleep(POLL_SECONDS)
    return _receipts(bench, dag_run_id, state, tasks)


def airflow_progress(tasks: list[dict[str, Any]]) -> tuple[int, str]:
    """Return how many steps are through in every batch, and the name of the one at work."""
    for done, name in enumerate(STEPS):
        states = [task["state"] for task in tasks if task["task_id"].rpartition(".")[2] == name]
        if not states or any(state not in ("success", "skipped") for state in states):
            return done, name
    return len(STEPS), "done"


def _receipts(bench: Any, dag_run_id: str, state: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from ingestion.errors import IngestionError
    from ingestion.runs import receipt
    from sql import queries

    with bench.connect() as connection:
        rows = connection.execute(queries("runs")["runs_of_dag_run"], {"dag_run_id": dag_run_id}).fetchall()
        receipts = [receipt(connection, run_id) for run_id, _ in rows]
    if not receipts:
        failed = ", ".join(sorted({task["task_id"] for task in tasks if task["state"] == "failed"}))
        raise IngestionError(
            f"The DAG run {dag_run_id} ended {state} and opened no run (failed: {failed or 'none'}). "
            "Its log is in the Airflow UI."
        )
    return [_described(bench, entry) for entry in receipts]


def _described(bench: Any, receipt: Any) -> dict[str, Any]:
    from ingestion.steps import problems

    found = problems(bench, str(receipt.run_id))
    return {**receipt.as_dict(), "summary": receipt.summary(), "problems": found}


def print_receipt(receipt: dict[str, Any]) -> None:
    """Print what a run did: the balance, the cost, and everything that needs a person."""
    style = "green" if receipt["state"] == "succeeded" else "red"
    took = f"in {receipt['seconds']:.1f} s, run {receipt['run_id']}"
    console.print(f"[{style}]{receipt['source']}: {receipt['state']}[/] {took}")
    if receipt["discovered"] or not receipt["reason"]:
        for line in receipt["summary"].splitlines():
            console.print(f"  {line}")
    if receipt["reason"]:
        console.print(f"  [red]{receipt['reason']}[/]")
    if receipt["problems"]:
        print_table(receipt["problems"], ("outcome", "uri", "reason"), "")


def _progress(quiet: bool) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, disable=quiet, transient=True,
    )  # fmt: skip
