"""The page's words, what it escapes, whom it lets in, and which forms it believes."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

# Airflow reads its configuration at first import and must not find anybody's own.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-page-"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugins"))

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api import security
from airflow.models.dag import DagModel
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient
from regesta_page import documents, overview
from regesta_page.access import same_origin
from regesta_page.app import app
from regesta_page.rendering import language_of, render
from regesta_page.words import WORDS
from regesta_page.words.english import ENGLISH
from regesta_page.words.phrases import EXPECTATIONS, KINDS, advice, expectation, refusal, why

from ingestion.validation import ValidationRules
from ingestion.validation.expectations import expectations

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "plugins" / "regesta_page"
PATHS = ("/", "/documents", f"/documents/{uuid4()}", f"/documents/{uuid4()}/restore?version=1")
ACTIONS = ("restore", "unpin", "retry", "release")


def request_with(path: str = "/", method: str = "POST", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode("latin-1"), value.encode("utf-8")) for name, value in headers.items()]
    path, _, query = path.partition("?")
    return Request({"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": raw})


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The page's app with Airflow's real simple auth manager, without Airflow's database."""
    monkeypatch.setattr(security, "get_auth_manager", SimpleAuthManager)
    monkeypatch.setattr(DagModel, "get_team_name", lambda dag_id: None)
    # Nothing here may get as far as the database.
    monkeypatch.setattr(overview, "connection", None)
    monkeypatch.setattr(documents, "connection", None)
    yield TestClient(app, base_url="http://airflow.test")
    app.dependency_overrides.clear()


def sign_in(role: str | None) -> None:
    app.dependency_overrides[security.get_user] = lambda: SimpleAuthManagerUser(username="min", role=role)


def test_both_languages_have_every_word() -> None:
    assert WORDS["en"].keys() == WORDS["ko"].keys()
    assert all(word for words in WORDS.values() for word in words.values())
    for key in WORDS["en"]:
        assert set(re.findall(r"\{\d\}", WORDS["en"][key])) == set(re.findall(r"\{\d\}", WORDS["ko"][key])), key
        assert not hasattr(dict, key), f"a template's t.{key} would be a method"


def test_no_sentence_is_left_over() -> None:
    built = {f"{stem}_{action}" for stem in ("ask", "tell", "did") for action in ACTIONS} | set(ACTIONS)
    code = "\n".join(path.read_text("utf-8") for path in (*PAGE.glob("*.py"), *PAGE.glob("templates/*.html")))
    unused = [key for key in ENGLISH if key not in built and not re.search(rf't\.{key}\b|"{key}"', code)]
    assert unused == []


def test_every_expectation_and_every_kind_of_quarantine_has_words_for_a_person() -> None:
    rules = ValidationRules(max_tokens=512, dimensions=384, find_pii=lambda text, kind: False)
    assert {found.name for found in expectations(rules)} <= EXPECTATIONS.keys()
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "ingestion").rglob("*.py"))
    kinds = set(re.findall(r'Unparseable\(\s*"(\w+)"', code))
    assert kinds and kinds <= KINDS.keys()


def test_what_has_no_words_is_shown_as_it_is() -> None:
    assert expectation("a_new_one", "ko") == "a_new_one"
    assert advice("a_new_kind: detail", "en") == "" == advice(None, "ko")
    assert why("as the moon is full", "ko") == "as the moon is full"
    assert refusal("The moon is full.", "ko") == "The moon is full."


def test_reasons_are_told_in_both_languages() -> None:
    reason = "duplicate: of s3://b/a), as x.md (similarity 0.93), as it is newer"
    assert (why(reason, "en"), why(reason, "ko")) == ("it is newer", "더 최근임")
    assert why("authority 90 over 50", "ko") == "신뢰도 90 > 50"
    assert why(r"pinned: v2 \1 is wrong", "ko") == r"고정됨: v2 \1 is wrong"
    assert "언어를 알 수 있음" in advice("validation: document_language_is_known", "ko")


@pytest.mark.parametrize(("language", "empty"), [("en", "No runs yet"), ("ko", "아직 실행이 없습니다")])
def test_an_empty_overview_says_what_to_do(language: Any, empty: str) -> None:
    tables = ("problems", "quarantined", "unmet", "met", "runs", "sources", "pins", "duplicates", "erasures")
    nothing: dict[str, Any] = {table: [] for table in tables}
    page = render("overview.html", language, "/regesta", shown=50, **nothing)
    assert empty in page and WORDS[language]["no_sources"] in page
    assert WORDS[language]["undecided"] in render(
        "overview.html", language, "/regesta", shown=50, **{**nothing, "duplicates": None}
    )


@given(st.text())
def test_nothing_that_others_wrote_becomes_markup(text: str) -> None:
    page = render("message.html", "en", "", title="not_done", detail=f"<b>{text}</b>", document_id=None)
    shown = page.partition('<p class="box bad">')[2].partition("</p>")[0]
    assert "<" not in shown and ">" not in shown


@pytest.mark.parametrize(
    ("path", "headers", "language"),
    [
        ("/?lang=ko", {"accept_language": "en"}, "ko"),
        ("/?lang=xx", {"cookie": "regesta_language=ko", "accept_language": "en"}, "ko"),
        ("/", {"cookie": "regesta_language=xx"}, "en"),
        ("/", {"accept_language": "fr-FR,ko-KR;q=0.8,en;q=0.7"}, "ko"),
        ("/", {"accept_language": "fr"}, "en"),
        ("/", {}, "en"),
    ],
)
def test_the_language_is_the_chosen_or_the_first_the_browser_accepts(
    path: str, headers: dict[str, str], language: str
) -> None:
    assert language_of(request_with(path, **headers)) == language


def test_every_route_turns_strangers_away(client: TestClient) -> None:
    for path in PATHS:
        assert client.get(path).status_code == 401, path
    for action in ACTIONS:
        answer = client.post(f"/documents/{uuid4()}/{action}", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 401, action
    assert {route.path for route in app.routes} == {  # type: ignore[attr-defined]
        "/", "/documents", "/documents/{document_id}", "/documents/{document_id}/{action}",
    }, "a new route belongs into this test"  # fmt: skip


@pytest.mark.parametrize(("role", "status"), [(None, 403), ("viewer", 403)])
def test_who_may_only_look_may_not_act(client: TestClient, role: str | None, status: int) -> None:
    sign_in(role)
    for action in ACTIONS:
        path = f"/documents/{uuid4()}/{action}"
        assert client.get(f"{path}?version=1").status_code == status
        answer = client.post(path, data={"reason": "x"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == status
    if role is None:
        assert [client.get(path).status_code for path in PATHS] == [403] * len(PATHS)


def test_a_form_from_elsewhere_is_refused_even_with_every_right(client: TestClient) -> None:
    sign_in("admin")
    for headers in (
        {},
        {"Origin": "http://evil.test"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://airflow.test"},
    ):
        answer = client.post(f"/documents/{uuid4()}/unpin", headers=headers)
        assert answer.status_code == 403, headers


def test_pages_may_neither_run_scripts_nor_be_framed_elsewhere(client: TestClient) -> None:
    headers = client.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


@given(
    st.sampled_from(["", "http://", "https://", "null"]),
    st.text(st.characters(codec="ascii", exclude_categories=["C"])),
)
def test_an_origin_is_believed_only_when_it_is_the_host(scheme: str, host: str) -> None:
    origin = f"{scheme}{host}"
    if origin in ("http://airflow.test", "https://airflow.test"):
        return
    try:
        same_origin(request_with(host="airflow.test", origin=origin))
    except HTTPException as error:
        assert error.status_code == 403
    else:
        assert re.fullmatch(r"\s*https?://airflow\.test([/?#].*)?", origin)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"origin": "http://airflow.test:8080", "host": "airflow.test:8080"},
        {"origin": "https://airflow.test", "host": "airflow.test"},
    ],
)
def test_our_own_forms_are_believed(headers: dict[str, str]) -> None:
    same_origin(request_with(**headers))
