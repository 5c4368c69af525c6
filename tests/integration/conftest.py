"""A corpus to ingest into and an API that answers from it, on the session's real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from ingestion import steps
from ingestion.reconciliation import reconcile
from ingestion.settings import IngestionSettings
from ingestion.sources import add_source
from ingestion.workbench import Workbench
from tests.api_server import running

LOGIN_EN = """# Signing in

An account is locked after eight wrong passwords in a row. It opens again after twenty minutes.

## Reset

A reset link is valid for thirty minutes. Open the settings to ask for one.
"""
LOGIN_KO = """# 로그인 안내

비밀번호를 다섯 번 연속으로 틀리면 계정이 잠깁니다. 관리자가 바로 풀어 줄 수 있습니다.

## 재설정

로그인하려면 재설정 링크를 열어 새 비밀번호를 정하세요. 링크는 30분 동안 유효합니다.
"""


@pytest.fixture(scope="module")
def bench(settings: Callable[..., Any]) -> Iterator[Workbench]:
    """A workbench on a fresh database, where dbt has built the views that decide.

    After every module of tests, all that they stored must agree: S3, ledger, corpus, vectors and history.
    """
    bench = Workbench(settings(IngestionSettings))
    yield bench
    if "parsers" in vars(bench):
        bench.parsers.close()  # they would end with the workbench, whenever its memory is collected
    with bench.connect() as connection:
        assert reconcile(connection, bench.store) == []


@pytest.fixture(scope="session")
def source_bucket(s3: Any) -> str:
    """A bucket for documents."""
    name = f"documents-{uuid4().hex[:8]}"
    s3.client.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def handbook(bench: Workbench, source_bucket: str) -> None:
    """Publish one English and one Korean document."""
    name = f"h{uuid4().hex[:12]}"
    with bench.connect() as connection:
        add_source(connection, name, f"s3://{source_bucket}/{name}/")
    for path, text in (("login.md", LOGIN_EN), ("로그인.md", LOGIN_KO)):
        bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/{path}", Body=text.encode())
    run_id, [key] = steps.discover(bench, name, "local", f"test__{uuid4()}")
    for _, step in steps.BATCH_STEPS:
        key = step(bench, key)
    assert steps.settle(bench, run_id).indexed == 2


@pytest.fixture(scope="module")
def new_key(database: Any) -> Callable[..., str]:
    """Give `new_key(tenant, groups, scopes=…)`: a fresh API key."""
    from serving.keys import create_key

    def make(tenant: str = "default", groups: tuple[str, ...] = ("everyone",), **more: Any) -> str:
        with psycopg.connect(database.conninfo("regesta_serving")) as connection:
            return create_key(connection, more.pop("name", "test"), tenant, groups, **more)

    return make


@pytest.fixture(scope="module")
def other_key(new_key: Callable[..., str]) -> str:
    """A key of a tenant that has no documents."""
    return new_key("other")


@pytest.fixture(scope="module")
def serving(
    settings: Callable[..., Any], new_key: Callable[..., str]
) -> Callable[..., AbstractContextManager[httpx.Client]]:
    """Give `serving(**settings)`: a real API server on a port of its own, and a client with a key."""
    from serving.app import create_app
    from serving.settings import ServingSettings

    @contextmanager
    def run(**given: Any) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {new_key()}"}
        # Tests share a database: what one has asked must not answer another, unless it is about that.
        generous = {"requests_per_minute": 1_000_000, "concurrent_streams": 10_000, "answer_cache": False}
        app = create_app(settings(ServingSettings, **{**generous, **given}))
        with running(app) as base, httpx.Client(base_url=base, headers=headers, timeout=30, trust_env=False) as client:
            yield client

    return run


@pytest.fixture(scope="session")
def examples() -> Path:
    """The sample corpus."""
    return Path(__file__).resolve().parents[2] / "examples" / "corpus"
