"""A source's folder in S3 and the sync that watches it; what the tests of ingestion share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from ingestion import runs, steps
from ingestion.runs import Receipt
from ingestion.sources import add_source
from ingestion.workbench import Workbench


class Folder:
    """A source's prefix in S3, and the sync that watches it."""

    def __init__(self, bench: Workbench, bucket: str, name: str, tenant: str = "", **policy: Any) -> None:
        self.bench, self.bucket, self.name = bench, bucket, name
        with bench.connect() as connection:
            # A tenant of its own, so that one test's documents are no duplicates of another's.
            add_source(connection, name, f"s3://{bucket}/{name}/", tenant_id=tenant or name, **policy)

    def put(self, path: str, content: str | bytes, later: bool = False) -> None:
        """Put a file; `later` waits until S3, which dates by the second, will date it after the ones before."""
        if later:
            time.sleep(1.1)
        body = content.encode() if isinstance(content, str) else content
        self.bench.s3.put_object(Bucket=self.bucket, Key=f"{self.name}/{path}", Body=body)

    def delete(self, path: str) -> None:
        self.bench.s3.delete_object(Bucket=self.bucket, Key=f"{self.name}/{path}")

    def sync(self, confirm_removals: bool = False) -> Receipt:
        run_id, keys = steps.discover(self.bench, self.name, "local", f"test__{uuid4()}", confirm_removals)
        for key in keys:
            for _, step in steps.BATCH_STEPS:
                key = step(self.bench, key)
        receipt = steps.settle(self.bench, run_id)
        assert receipt.balances
        return receipt

    def problems(self, receipt: Receipt) -> dict[str, str]:
        with self.bench.connect() as connection:
            return {row["uri"].rpartition("/")[2]: row["reason"] for row in runs.problems(connection, receipt.run_id)}

    def query(self, statement: str, *values: Any) -> list[Any]:
        with self.bench.connect() as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def document_id(self, path: str) -> UUID:
        [(found,)] = self.query(
            "select d.id from corpus.documents as d join landing.sources as s on s.id = d.source_id"
            " where s.name = %s and d.uri = %s",
            self.name, f"s3://{self.bucket}/{self.name}/{path}",
        )  # fmt: skip
        return found

    def versions(self, path: str) -> dict[int, str]:
        """Return number → state of a document's versions."""
        document_id = self.document_id(path)
        return dict(self.query("select number, state from corpus.versions where document_id = %s", document_id))

    def live_texts(self) -> set[str]:
        rows = self.query(
            "select c.text from corpus.chunks as c join corpus.documents as d on d.id = c.document_id"
            " join landing.sources as s on s.id = d.source_id where s.name = %s and c.is_live",
            self.name,
        )
        return {text for (text,) in rows}


@pytest.fixture
def new_folder(bench: Workbench, source_bucket: str) -> Callable[..., Folder]:
    """Give `new_folder(tenant, **policy)`: a source with a fresh name."""
    return lambda tenant="", **policy: Folder(bench, source_bucket, f"s{uuid4().hex[:12]}", tenant, **policy)


@pytest.fixture
def folder(new_folder: Callable[..., Folder]) -> Folder:
    """A source in a tenant of its own."""
    return new_folder()
