"""dbt over a filled corpus: the marts analysts read, and tests that notice a broken promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingestion.errors import GovernanceFailed
from ingestion.governance import build_marts
from ingestion.settings import IngestionSettings
from ingestion.workbench import Workbench


@pytest.fixture
def governed(bench: Workbench, handbook: None, tmp_path: Path) -> IngestionSettings:
    return bench.settings.model_copy(update={"home": tmp_path})


def test_build_refreshes_the_marts_and_every_test_passes(governed: IngestionSettings, database: Any) -> None:
    nodes = build_marts(governed)
    assert {node.status for node in nodes} <= {"success", "pass", "no-op"}
    assert {"document_registry", "fct_runs", "dim_documents"} <= {node.name for node in nodes}
    with psycopg.connect(database.conninfo("regesta_analyst")) as connection:
        rows = connection.execute(
            "select title, current_version_number, chunk_count, reason from marts.dim_documents order by title"
        ).fetchall()
        assert rows == [("Signing in", 1, 2, "newest valid version"), ("로그인 안내", 1, 2, "newest valid version")]
        [(indexed, embedded)] = connection.execute(
            "select indexed_count, chunks_embedded from marts.fct_runs"
        ).fetchall()
        assert (indexed, embedded) == (2, 4)
        assert connection.execute("select count(*) from marts.document_registry").fetchone() == (2,)


def test_a_broken_promise_fails_the_build_by_name(governed: IngestionSettings, bench: Workbench) -> None:
    flip = "update corpus.chunks set is_live = not is_live where id = (select min(id::text)::uuid from corpus.chunks)"
    with bench.connect() as connection:
        connection.execute(flip)
        try:
            with pytest.raises(GovernanceFailed, match="only_current_versions_are_live"):
                build_marts(governed)
        finally:
            connection.execute(flip)


def test_a_missing_dbt_and_a_slow_one_say_so(governed: IngestionSettings, tmp_path: Path) -> None:
    with pytest.raises(GovernanceFailed, match="make setup"):
        build_marts(governed.model_copy(update={"dbt_executable": tmp_path / "nowhere"}))
    slow = tmp_path / "dbt"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    with pytest.raises(GovernanceFailed, match="REGESTA_DBT_TIMEOUT"):
        build_marts(governed.model_copy(update={"dbt_executable": slow, "dbt_timeout": 1}))
