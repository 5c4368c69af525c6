"""From an object in S3 to a cited answer, and what becomes of it when the object changes: real Airflow, real dbt."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from typing import Any

import httpx
import pytest

from corpus.objects import s3_client
from tests.acceptance.conftest import Stack, acting_as

QUESTION = "한국 리전에서 비밀번호를 몇 번 틀리면 계정이 잠기나요?"
KEY = "handbook/support/로그인-문제-해결.md"

pytestmark = pytest.mark.timeout(600)


def answer(stack: Stack, question: str = QUESTION) -> tuple[str, list[str]]:
    """Ask and return the text and the cited uris."""
    reply = stack.json("ask", question)
    return reply["answer"], [entry["uri"] for entry in reply["citations"]]


def readable_samples() -> int:
    """Return how many of the 30 samples are indexed here: the scanned one needs tesseract with Korean."""
    if shutil.which("tesseract") is None:
        return 29
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True, timeout=30)
    return 30 if "kor" in listed.stdout.split() else 29


def source_bucket(stack: Stack) -> Any:
    """Return an S3 client of the stack."""
    from corpus.settings import CorpusSettings

    with acting_as(stack):
        return s3_client(CorpusSettings())


def test_demo_ends_with_two_cited_answers_and_a_governed_corpus(stack: Stack) -> None:
    output = stack.run("demo")
    assert "login-troubleshooting.md" in output
    assert "로그인-문제-해결.md" in output
    assert "8 wrong passwords" in output
    assert "다섯 번" in output
    assert "govern_corpus: success" in output


def test_demo_again_embeds_nothing(stack: Stack) -> None:
    output = stack.run("demo")
    assert "0 kept, 0 embedded" in output
    assert f"{readable_samples()} unchanged" in output


def test_an_edit_costs_at_most_three_chunks_and_changes_the_answer(stack: Stack) -> None:
    client = source_bucket(stack)
    body = client.get_object(Bucket="documents", Key=KEY)["Body"].read().decode()
    assert "30분 동안 잠깁니다" in body
    client.put_object(Bucket="documents", Key=KEY, Body=body.replace("30분 동안", "55분 동안", 1).encode())
    [receipt] = stack.json("sync", "handbook")
    assert (receipt["state"], receipt["indexed"]) == ("succeeded", 1)
    assert 1 <= receipt["chunks_embedded"] <= 3
    assert receipt["chunks_kept"] > receipt["chunks_embedded"]
    text, citations = answer(stack)
    assert "55분" in text and "30분" not in text
    assert citations[0].endswith("로그인-문제-해결.md")


def test_bad_files_get_a_reason_and_the_run_goes_on(stack: Stack) -> None:
    client = source_bucket(stack)
    client.put_object(Bucket="documents", Key="handbook/empty.txt", Body=b"")
    client.put_object(Bucket="documents", Key="handbook/junk.pdf", Body=bytes(range(256)) * 64)
    [receipt] = stack.json("sync", "handbook", "--local")
    unreadable = 30 - readable_samples()
    assert (receipt["state"], receipt["quarantined"] - unreadable, receipt["unchanged"] + unreadable) == (
        "succeeded",
        2,
        30,
    )
    assert {row["reason"].partition(":")[0] for row in receipt["problems"]} - {"no_ocr"} == {"empty", "corrupt"}


def test_a_deleted_object_leaves_the_answers_in_the_same_sync(stack: Stack) -> None:
    assert answer(stack)[1]
    source_bucket(stack).delete_object(Bucket="documents", Key=KEY)
    [receipt] = stack.json("sync", "handbook")
    assert receipt["deleted"] == 1
    text, citations = answer(stack)
    assert not any(uri.endswith("로그인-문제-해결.md") for uri in citations)
    assert "55분" not in text
    hits = stack.json("search", "로그인 비밀번호 잠금")["hits"]
    assert not any(hit["uri"].endswith("로그인-문제-해결.md") for hit in hits)


def test_bad_commands_get_one_clear_message(stack: Stack) -> None:
    assert "There is no source 'nowhere'" in stack.run("sync", "nowhere", expect=1)
    assert "of no kind we know" in stack.run("sources", "add", "x", "ftp://y", expect=1)
    assert "must name one document" in stack.run("documents", "show", "nothing-like-this", expect=1)
    assert "Traceback" not in stack.run("sync", "nowhere", "--local", expect=1)


def test_doctor_finds_nothing_wrong(stack: Stack) -> None:
    findings = stack.json("doctor")
    assert {finding["state"] for finding in findings} == {"ok"}, findings


@pytest.mark.parametrize(
    "name",
    [
        "serving",
        "airflow-triggerer",
        "airflow-scheduler",
        "airflow-dag-processor",
        "airflow-api-server",
        "s3",
        "postgres",
    ],
)
def test_a_killed_service_is_named_and_repaired_and_nothing_is_lost(stack: Stack, name: str) -> None:
    services = {row["name"]: row for row in stack.json("status")["services"]}
    os.kill(services[name]["pid"], signal.SIGKILL)
    time.sleep(1.0)
    after = {row["name"]: row for row in stack.json("status", expect=1)["services"]}
    assert after[name]["state"] != services[name]["state"]
    assert "9" in after[name]["note"] and "make up" in after[name]["note"]
    stack.run("up")
    assert stack.json("status")["healthy"]
    hits = stack.json("search", "wrong passwords locked Europe")["hits"]
    assert any(hit["uri"].endswith("login-troubleshooting.md") for hit in hits)


def test_without_s3_a_sync_says_so_and_the_next_one_heals_it(stack: Stack) -> None:
    services = {row["name"]: row for row in stack.json("status")["services"]}
    os.kill(services["s3"]["pid"], signal.SIGKILL)
    time.sleep(1.0)
    output = stack.run("sync", "handbook", "--local", expect=1)
    assert "s3" in output.lower() and "Traceback" not in output
    stack.run("up")
    [receipt] = stack.json("sync", "handbook")
    assert receipt["state"] == "succeeded"


def test_airflow_and_the_regesta_page_want_a_user(stack: Stack) -> None:
    base = f"http://127.0.0.1:{stack.environment['REGESTA_AIRFLOW_PORT']}"
    with httpx.Client(base_url=base, trust_env=False, timeout=20) as client:
        assert client.get("/api/v2/monitor/health").json()["scheduler"]["status"] == "healthy"
        assert client.get("/regesta/").status_code in (401, 403)
