"""Search reads the session's scope: another tenant, another group or no scope at all sees nothing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from corpus import analysis
from ingestion.sources import add_source
from ingestion.steps import BATCH_STEPS, discover, settle
from ingestion.workbench import Workbench

VECTOR = "[" + ",".join(["0.05"] * 384) + "]"


@pytest.fixture(scope="module")
def published(bench: Workbench, source_bucket: str) -> None:
    """Publish one document for each of two tenants, and one for a group of the first."""
    for name, tenant, group, text in (
        ("a-open", "tenant-a", "everyone", "Alpha secret 로그인이 안 됩니다."),
        ("a-board", "tenant-a", "board", "Alpha board minutes about 로그인."),
        ("b-open", "tenant-b", "everyone", "Beta secret 로그인은 됩니다."),
    ):
        with bench.connect() as connection:
            add_source(connection, name, f"s3://{source_bucket}/{name}/", tenant, [group])
        bench.s3.put_object(Bucket=source_bucket, Key=f"{name}/d.md", Body=text.encode())
        run_id, [key] = discover(bench, name, "local", f"test__{uuid4()}")
        for _, step in BATCH_STEPS:
            key = step(bench, key)
        assert settle(bench, run_id).indexed == 1


def search(database: Any, tenant: str | None, groups: str | None, vector: str | None = VECTOR) -> set[str]:
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        if tenant is not None:
            connection.execute("select set_config('regesta.tenant_id', %s, true)", [tenant])
        if groups is not None:
            connection.execute("select set_config('regesta.access_groups', %s, true)", [groups])
        rows = connection.execute(
            "select text from corpus.search_chunks(%s, %s, 100)", [analysis.lexemes("로그인 secret board"), vector]
        )
        return {text.split()[0] + " " + text.split()[1] for (text,) in rows}


@pytest.mark.parametrize("vector", [VECTOR, None], ids=["hybrid", "text"])
@pytest.mark.parametrize(
    ("tenant", "groups", "seen"),
    [
        ("tenant-a", "everyone", {"Alpha secret"}),
        ("tenant-a", "everyone,board", {"Alpha secret", "Alpha board"}),
        ("tenant-a", "board", {"Alpha board"}),
        ("tenant-b", "everyone,board", {"Beta secret"}),
        ("tenant-c", "everyone", set()),
        ("tenant-a", "", set()),
        ("tenant-a", None, set()),
        ("", "everyone", set()),
        (None, None, set()),
        ("tenant-a' or true --", "everyone", set()),
        ("%", "everyone", set()),
    ],
)
def test_search_shows_only_what_the_scope_may_see(
    database: Any, published: None, tenant: str | None, groups: str | None, seen: set[str], vector: str | None
) -> None:
    assert search(database, tenant, groups, vector) == seen


@pytest.mark.parametrize("table", ["corpus.documents", "corpus.versions", "landing.sources"])
def test_tables_show_only_what_the_scope_may_see(database: Any, published: None, table: str) -> None:
    for tenant, groups, count in (("tenant-a", "everyone", 1), ("tenant-b", "everyone", 1), ("", "", 0)):
        with psycopg.connect(database.conninfo("regesta_serving")) as connection:
            connection.execute("select set_config('regesta.tenant_id', %s, true)", [tenant])
            connection.execute("select set_config('regesta.access_groups', %s, true)", [groups])
            row = connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
            assert row == (count,)
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        assert connection.execute(f"select count(*) from {table}").fetchone() == (0,)  # noqa: S608


def test_a_large_tenant_gets_its_own_index_and_is_found_through_it(
    database: Any, published: None, bench: Workbench
) -> None:
    with bench.connect() as connection:
        assert connection.execute("select corpus.partition_tenant('tenant-b', 1)").fetchone() == (True,)
        assert connection.execute("select corpus.partition_tenant('tenant-b', 1)").fetchone() == (False,)
        assert connection.execute("select corpus.partition_tenant('tenant-a', 1000)").fetchone() == (False,)
    assert search(database, "tenant-b", "everyone") == {"Beta secret"}
    assert search(database, "tenant-a", "everyone") == {"Alpha secret"}
    with psycopg.connect(database.conninfo("regesta_serving")) as connection:
        partitions = connection.execute(
            "select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid"
            " where i.inhparent = 'corpus.embeddings_1'::regclass"
        ).fetchall()
        assert len(partitions) == 2
        for (name,) in partitions:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f'select * from corpus."{name}"')  # noqa: S608
