"""`regesta batches …`: many questions at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from regesta.commands.ask import api_client
from regesta.output import AsJson, console, log_to_stderr, print_json

app = typer.Typer(no_args_is_help=True, help="Many questions at once, answered in the background.")
Batch = Annotated[str, typer.Argument(help="Id of the batch.")]


@app.command()
def submit(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help='A {"custom_id": …, "question": …} per line; or .json: {"questions": […]}.',
        ),
    ],
    local: Annotated[bool, typer.Option("--local", help="Answer them here and now, without Airflow.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hand in a file of questions; Airflow answers them (DAG answer_batches)."""
    kind = "application/json" if file.suffix == ".json" else "application/x-ndjson"
    client = api_client()
    batch = client.post("/v1/batches", file.read_bytes(), kind)
    if local:
        from serving.batch_running import work_on_batch
        from serving.settings import ServingSettings

        log_to_stderr()
        work_on_batch(ServingSettings(), batch["id"])
        batch = client.get(f"/v1/batches/{batch['id']}")
    _show(batch, as_json)


@app.command()
def status(batch: Batch, as_json: AsJson = False) -> None:
    """Show how far a batch has come."""
    _show(api_client().get(f"/v1/batches/{batch}"), as_json)


@app.command()
def results(batch: Batch) -> None:
    """Print what has ended so far, one JSON document per line: an answer, or why there is none."""
    for line in api_client().lines(f"/v1/batches/{batch}/results"):
        typer.echo(line)


@app.command()
def cancel(batch: Batch, as_json: AsJson = False) -> None:
    """Call a batch off; what was answered stays."""
    _show(api_client().post(f"/v1/batches/{batch}/cancel", {}), as_json)


def _show(batch: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(batch)
        return
    counts = ", ".join(f"{batch[name]} {name}" for name in ("done", "failed", "cancelled", "running", "waiting"))
    console.print(f"[bold]{batch['id']}[/] {batch['state']}: {counts} of {batch['total']}")
