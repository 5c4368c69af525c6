"""`regesta demo`: the sample corpus from S3 through Airflow and dbt to two cited answers."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from corpus.objects import s3_client
from corpus.settings import ROOT
from regesta.commands.ask import api_client, print_answer
from regesta.commands.sync import POLL_SECONDS, print_receipt, run_in_airflow
from regesta.output import console
from regesta.stack.settings import StackSettings

CORPUS = ROOT / "examples" / "corpus"
BUCKET = "documents"
SOURCE = "handbook"
QUESTIONS = (
    "After how many wrong passwords does a Europe-region account get locked, and for how long?",
    "한국 리전에서 비밀번호를 몇 번 틀리면 계정이 잠기나요?",
)
GOVERNANCE_SECONDS = 300


def demo() -> None:
    """Upload the sample corpus, sync it through Airflow, and ask one English and one Korean question."""

    settings = StackSettings()
    uploaded = upload(CORPUS)
    console.print(f"[bold]1. S3[/]       {uploaded} of {count(CORPUS)} files were new in s3://{BUCKET}/{SOURCE}/")
    _ensure_source()
    started = time.time()
    receipts = run_in_airflow(SOURCE, confirm_removals=False)
    console.print("[bold]2. Airflow[/]  sync_sources ", end="")
    for receipt in receipts:
        print_receipt(receipt)
    if any(receipt["state"] != "succeeded" for receipt in receipts):
        raise typer.Exit(1)
    console.print("[bold]3. Answers[/]")
    complete = [ask_aloud(question) for question in QUESTIONS]
    console.print(f"[bold]4. dbt[/]      govern_corpus: {governance_state(settings, started)}")
    console.print(
        f"\nAirflow  {settings.airflow_url}  (user {settings.airflow_user}, password in "
        f"{settings.home}/settings.env)\nAPI      {settings.api_url}/docs\n"
        'Try      .regesta/venv/bin/regesta ask "연차는 며칠인가요?"   Stop     make down',
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if not all(complete):
        raise typer.Exit(1)


def ask_aloud(question: str) -> bool:
    """Ask one question and print the streamed answer; return whether it is finished and cited."""
    console.print(f"\n[cyan]? {question}[/]", highlight=False)
    return print_answer(api_client().ask(question))


def files(folder: Path) -> list[Path]:
    """Return the files of a folder, hidden ones left out."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def count(folder: Path) -> int:
    """Return how many files the sample corpus has."""
    return len(files(folder))


def upload(folder: Path) -> int:
    """Put the files into the demo bucket and return how many were new; what is there is left as it is.

    An object that was edited by hand to try an update must not be put back by running the demo again.
    """
    from ingestion.settings import IngestionSettings

    client = s3_client(IngestionSettings())
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{SOURCE}/")
    present = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    if present:
        return 0
    for path in files(folder):
        client.put_object(Bucket=BUCKET, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())
    return count(folder)


def _ensure_source() -> None:
    from ingestion.settings import IngestionSettings
    from ingestion.sources import add_source
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        add_source(connection, SOURCE, f"s3://{BUCKET}/{SOURCE}/")


def governance_state(settings: StackSettings, since: float) -> str:
    """Wait for the dbt run the sync set off and return how it ended."""
    from regesta.stack.airflow import AirflowClient

    client = AirflowClient.of(settings)
    with console.status("dbt is building and testing the marts"):
        while time.time() < since + GOVERNANCE_SECONDS:
            state = client.latest_run_state("govern_corpus", since)
            if state in ("success", "failed"):
                return state
            time.sleep(POLL_SECONDS)
    return "still running; see the Airflow UI"
