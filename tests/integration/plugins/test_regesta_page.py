"""The page on a real corpus: what it shows, what its buttons do, and under whose name."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from ingestion import erasure, runs
from ingestion.apply import lock_publication
from ingestion.settings import IngestionSettings
from ingestion.sources import find_source
from ingestion.workbench import Workbench
from tests.integration.ingestion.conftest import Folder

# Airflow reads its configuration at first import and must not find anybody's own.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-page-"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugins"))

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api import security
from airflow.models.dag import DagModel
from fastapi import FastAPI
from fastapi.testclient import TestClient
from regesta_page import database as page_database
from regesta_page.app import app

OURS = {"Sec-Fetch-Site": "same-origin"}
V1 = "# Leave\n\nStaff have 20 days of leave.\n\n## Carry over\n\nFive days can be carried over."
V2 = V1.replace("20 days", "25 days")
IN_NO_LANGUAGE_WE_KNOW = "# ᏣᎳᎩ\n\nᎣᏏᏲ ᎾᏍᎩ ᎦᏬᏂᎯᏍᏗ ᏣᎳᎩ ᎠᏂᏴᏫᏯᎢ ᎤᎾᏙᏢᏅᎯ."
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def reachable(settings: Callable[..., IngestionSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the page at the module's database."""
    found = settings(IngestionSettings)
    monkeypatch.setenv("REGESTA_DATABASE_URL", found.database_url)
    assert found.ingestion_password is not None
    monkeypatch.setenv("REGESTA_INGESTION_PASSWORD", found.ingestion_password.get_secret_value())


@pytest.fixture
def page(reachable: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], TestClient]]:
    """Give `page(role)`: a browser in which Min is signed in, the app mounted as Airflow mounts it."""
    monkeypatch.setattr(security, "get_auth_manager", SimpleAuthManager)
    monkeypatch.setattr(DagModel, "get_team_name", lambda dag_id: None)
    airflow = FastAPI()
    airflow.mount("/regesta", app)

    def sign_in(role: str = "op") -> TestClient:
        app.dependency_overrides[security.get_user] = lambda: SimpleAuthManagerUser(username="min", role=role)
        return TestClient(airflow, base_url="http://localhost/regesta/")

    yield sign_in
    app.dependency_overrides.clear()


@pytest.fixture
def folder(bench: Workbench, source_bucket: str) -> Folder:
    """A source in a tenant of its own."""
    return Folder(bench, source_bucket, f"p{uuid4().hex[:12]}")


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html.partition("<main>")[2]).split())


def section(html: str, name: str) -> str:
    return text_of("<main>" + html.partition(f'<h2 id="{name}">')[2].partition("<h2")[0])


def test_the_overview_of_an_empty_corpus_says_what_to_do(page: Any) -> None:
    """The first in its module: the database is as set-up leaves it, and dbt has built nothing yet."""
    shown = page().get("")
    assert shown.status_code == 200
    assert "No sources yet" in shown.text and "Trigger the sync_sources DAG" in shown.text
    assert "아직 소스가 없습니다" in page().get("?lang=ko").text
    assert "No documents yet" in page().get("documents").text


def test_a_run_that_failed_before_its_first_document_is_shown_with_its_reason(page: Any, folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    with folder.bench.connect() as connection:
        source = find_source(connection, folder.name)
        run_id, *_ = runs.open_run(connection, source, "schedule", "scheduled__7")
        assert "scheduled__7" not in section(page().get("").text, "problems"), "it has not failed yet"
        runs.fail_run(connection, run_id, f"the bucket is gone {HOSTILE}")
    html = page().get("").text
    assert "the bucket is gone" in section(html, "problems") and "scheduled__7" in section(html, "problems")
    assert "<script" not in html and "<img" not in html
    folder.sync()
    assert "the bucket is gone" not in section(page().get("").text, "problems"), "a later run succeeded"


def test_an_earlier_version_is_served_and_the_pin_released_under_the_users_name(page: Any, folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    folder.sync()
    document, browser = folder.document_id("leave.md"), page()
    path = f"documents/{document}"
    assert f"/regesta/{path}/restore?version=1" in browser.get(path).text
    question = browser.get(f"{path}/restore?version=1").text
    assert "Serve v1 of this document" in question and "You act as min" in question
    assert folder.versions("leave.md") == {1: "superseded", 2: "current"}, "asking changes nothing"

    done = browser.post(f"{path}/restore", data={"version": 1, "reason": "v2 is wrong"}, headers=OURS)
    assert "Done. The version you chose is served now" in done.text and "Pinned to v1" in done.text
    assert folder.versions("leave.md") == {1: "current", 2: "superseded"}
    assert folder.query("select actor, reason from corpus.pins where document_id = %s", document) == [
        ("min", "v2 is wrong")
    ]
    assert "Done." not in browser.get(path).text, "it is said once"
    assert "v2 is wrong" in section(browser.get("").text, "pins")

    browser.get("?lang=ko")
    assert "고정을 해제했습니다" in browser.post(f"{path}/unpin", headers=OURS).text
    browser.get("?lang=en")
    assert folder.versions("leave.md") == {1: "superseded", 2: "current"}
    again = browser.post(f"{path}/unpin", headers=OURS)
    assert again.status_code == 409 and "No version of" in again.text
    browser.get("?lang=ko")
    assert "고정된 버전이 없습니다" in browser.post(f"{path}/unpin", headers=OURS).text
    browser.get("?lang=en")
    history = section(browser.get(path).text, "history")
    assert history.count("min") == 2 and "v2 is wrong" in history


def test_a_quarantined_document_is_explained_and_released(page: Any, folder: Folder) -> None:
    folder.put("odd.md", V1)
    folder.sync()
    folder.put("odd.md", IN_NO_LANGUAGE_WE_KNOW)
    folder.put("broken.pdf", b"%PDF-1.7 nothing")
    assert folder.sync().quarantined == 2
    browser = page()
    kept_out = section(browser.get("").text, "quarantine")
    assert re.search(r"odd\.md \S+ v2 validation: document_language_is_known .* yes", kept_out)
    assert re.search(r"broken\.pdf \S+ v1 corrupt: .* Damaged: .* no", kept_out)
    assert "document_language_is_known" in section(browser.get("").text, "validation")

    broken = f"documents/{folder.document_id('broken.pdf')}"
    assert f"{broken}/retry" in browser.get(broken).text and f"{broken}/release" not in browser.get(broken).text
    browser.get("?lang=ko")
    told = browser.post(f"{broken}/release", data={"reason": "x"}, headers=OURS)
    assert told.status_code == 409 and "해제할 것이 없습니다" in told.text
    browser.get("?lang=en")
    assert "The next sync works on it again" in browser.post(f"{broken}/retry", headers=OURS).text

    odd = f"documents/{folder.document_id('odd.md')}"
    assert browser.post(f"{odd}/release", data={"reason": "  "}, headers=OURS).status_code == 400
    assert "Done." in browser.post(f"{odd}/release", data={"reason": "체로키어입니다"}, headers=OURS).text
    [(actor, reason)] = folder.query("select actor, reason from landing.waivers where tenant_id = %s", folder.name)
    assert (actor, reason) == ("min", "체로키어입니다")
    folder.sync()
    assert folder.versions("odd.md")[3] == "current"


def test_duplicates_and_erasures_are_shown(page: Any, folder: Folder) -> None:
    text = "# Guide\n\n" + "\n\n".join(f"Step {n}: turn the {n}th screw to the left until it holds." for n in range(60))
    folder.put("old.md", text)
    folder.put("gone.md", "# Gone\n\nThis page is erased.")
    folder.sync()
    folder.put("new.md", text.replace("Step 7:", "Stage 7:"), later=True)
    folder.sync()
    with folder.bench.connect() as connection:
        erasure.erase_document(connection, folder.bench.store, folder.document_id("gone.md"), "dpo", "request 4711")
    html = page().get("").text
    assert re.search(r"new\.md ← \S+old\.md (1\.00|0\.9\d) it is newer", section(html, "duplicates"))
    assert "request 4711" in section(html, "erasures") and "gone.md" not in section(html, "erasures")
    listed = text_of(page().get(f"documents?source={folder.name}&status=duplicate").text)
    assert "old.md" in listed and "new.md" not in listed and "1–1 of 1" in listed


def test_documents_are_found_by_text_in_any_unicode_form_and_paged(page: Any, folder: Folder) -> None:
    folder.put(unicodedata.normalize("NFD", "휴가 규정") + ".md", "# 휴가\n\n직원은 1년에 20일의 휴가를 씁니다.")
    folder.put("100%_sure.md", "# Sure\n\nWe are quite sure about this one.")
    for number in range(60):
        folder.put(f"many/{number:02}.md", f"# Page {number}\n\nThis is page number {number} of the handbook.")
    folder.sync()
    browser, source = page(), {"source": folder.name}
    assert "1–1 of 1" in browser.get("documents", params={**source, "text": "휴가 규정"}).text
    assert "1–1 of 1" in browser.get("documents", params={**source, "text": "100%_S"}).text
    assert "1–1 of 1" in browser.get("documents", params={**source, "text": "%"}).text, "no wildcard"
    first = browser.get("documents", params=source).text
    assert "1–50 of 62" in first and 'rel="next"' in first and 'rel="prev"' not in first
    last = browser.get("documents", params={**source, "page": 99}).text
    assert "51–62 of 62" in last and 'rel="next"' not in last
    assert "No document matches" in browser.get("documents", params={**source, "text": "a\0zz"}).text


def test_what_a_document_brings_is_shown_and_never_run(page: Any, folder: Folder, database: Any) -> None:
    folder.put('x"><b>/leave.md', "---\nauthor: Min\ntags: [hr]\n---\n" + V1 + "\n\nCall 010-2345-6789.")
    folder.sync()
    document = folder.document_id('x"><b>/leave.md')
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("update corpus.documents set title = %s where id = %s", [HOSTILE, document])
        hostile = Jsonb({HOSTILE: HOSTILE, "tags": [HOSTILE], "entities": {"people": [HOSTILE]}})
        connection.execute(
            "update corpus.versions set metadata = metadata || %s, title = %s where document_id = %s",
            [hostile, HOSTILE, document],
        )
    browser = page()
    for path in (f"documents/{document}", f"documents?source={folder.name}", f"documents/{document}/restore?version=1"):
        html = browser.get(path).text
        assert "&lt;script&gt;alert(1)" in html, path
        assert not re.search(r"<(script|img|b)\b(?!>\d)", html), path
    known = section(browser.get(f"documents/{document}").text, "known")
    assert "Author Min" in known and "PHONE 1" in known


def test_a_viewer_sees_everything_and_no_button(page: Any, folder: Folder) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    folder.put("leave.md", V2)
    folder.sync()
    path = f"documents/{folder.document_id('leave.md')}"
    html = page("viewer").get(path).text
    assert "superseded" in html and "/restore" not in html
    answer = page("viewer").post(f"{path}/restore", data={"version": 1, "reason": "x"}, headers=OURS)
    assert answer.status_code == 403 and folder.versions("leave.md") == {1: "superseded", 2: "current"}


def test_nobody_signed_in_sees_anything(page: Any, folder: Folder) -> None:
    browser = page()
    app.dependency_overrides.clear()
    for path in ("", "documents", f"documents/{uuid4()}"):
        answer = browser.get(path)
        assert answer.status_code == 401 and folder.name not in answer.text


def test_what_is_not_there_is_said(page: Any, folder: Folder) -> None:
    browser = page()
    assert browser.get(f"documents/{uuid4()}").status_code == 404
    assert browser.get("documents/nonsense").status_code == 400
    assert browser.get("documents?page=0").status_code == 400
    folder.put("leave.md", V1)
    folder.sync()
    path = f"documents/{folder.document_id('leave.md')}"
    assert browser.get(f"{path}/restore?version=9").status_code == 404
    assert browser.post(f"{path}/restore", data={"version": 9, "reason": "x"}, headers=OURS).status_code == 409
    browser.get("?lang=ko")
    told = browser.post(f"{path}/restore", data={"version": 9, "reason": "x"}, headers=OURS).text
    assert "에는 v9이(가) 없습니다" in told
    assert "최신 버전은 격리되어 있지 않습니다" in browser.post(f"{path}/retry", headers=OURS).text


def test_it_says_so_when_a_run_is_publishing(page: Any, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("leave.md", V1)
    folder.sync()
    monkeypatch.setattr(page_database, "LOCK_SECONDS", 1)
    path = f"documents/{folder.document_id('leave.md')}"
    with folder.bench.connect() as connection, connection.transaction():
        lock_publication(connection, folder.name)
        answer = page().post(f"{path}/restore", data={"version": 1, "reason": "x"}, headers=OURS)
    assert answer.status_code == 503 and "A run is publishing" in answer.text


def test_it_says_so_when_the_database_is_away(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGESTA_DATABASE_URL", "postgresql://127.0.0.1:9/regesta")
    answer = page().get("?lang=ko")
    assert answer.status_code == 503 and "데이터베이스가 제대로 응답하지 않습니다" in answer.text
