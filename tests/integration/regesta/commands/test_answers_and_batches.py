"""Feedback, lineage and batches from the command line, against the real API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import typer
from typer.testing import CliRunner

from regesta.client import ApiClient, ApiError
from regesta.commands import answers, batches
from serving.settings import ServingSettings

Run = Callable[..., str]
QUESTION = "After how many wrong passwords is an account locked?"


@pytest.fixture(scope="module")
def api(serving: Any, handbook: None) -> Iterator[httpx.Client]:
    with serving(generator="extractive") as client:
        yield client


@pytest.fixture
def run(api: httpx.Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    client = ApiClient(str(api.base_url), api.headers["Authorization"].removeprefix("Bearer "))
    found = settings(ServingSettings, generator="extractive")
    monkeypatch.setattr("serving.settings.ServingSettings", lambda: found)
    monkeypatch.setattr(answers, "api_client", lambda: client)
    monkeypatch.setattr(batches, "api_client", lambda: client)
    app = typer.Typer()
    app.command()(answers.feedback)
    app.command()(answers.lineage)
    app.add_typer(batches.app, name="batches")

    def call(*arguments: object) -> str:
        result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    yield call
    structlog.reset_defaults()


def test_an_answer_is_rated_and_followed_to_its_bytes(run: Run, api: httpx.Client) -> None:
    answer = api.post("/v1/ask", json={"question": QUESTION}).json()["answer_id"]
    deadline = time.monotonic() + 5
    while api.get(f"/v1/answers/{answer}/lineage").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "Saved: down" in run("feedback", answer, "down", "--reason", "too short")
    assert json.loads(run("feedback", answer, "up", "--json"))["rating"] == "up"
    shown = run("lineage", answer)
    assert "locked after eight" in shown
    assert "raw/" in shown and "login.md" in shown
    assert json.loads(run("lineage", answer, "--json"))["citations"][0]["evidence"] == "current"
    with pytest.raises(ApiError, match="404"):
        run("lineage", "00000000-0000-0000-0000-000000000000")


def test_a_file_of_questions_is_answered_here_and_now(run: Run, tmp_path: Path) -> None:
    lines = [{"custom_id": "a", "question": QUESTION}, {"custom_id": "b", "question": "비밀번호를 몇 번 틀리나요?"}]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    batch = json.loads(run("batches", "submit", file, "--local", "--json"))
    assert (batch["state"], batch["done"]) == ("done", 2)
    assert "done: 2 done" in run("batches", "status", batch["id"])
    rows = [json.loads(line) for line in run("batches", "results", batch["id"]).splitlines()]
    assert [row["custom_id"] for row in rows] == ["a", "b"]


def test_a_batch_waits_for_airflow_and_can_be_called_off(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "questions.json"
    file.write_text(json.dumps({"questions": [{"custom_id": "a", "question": QUESTION}]}))
    batch = json.loads(run("batches", "submit", file, "--json"))
    assert batch["state"] == "waiting"
    assert "cancelled: 0 done, 0 failed, 1 cancelled" in run("batches", "cancel", batch["id"])
