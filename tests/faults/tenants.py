"""Two tenants with groups of their own, and documents that differ in nothing but a secret word each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from corpus.landing import put
from ingestion import steps
from ingestion.settings import IngestionSettings
from ingestion.sources import add_source
from ingestion.workbench import Workbench
from serving.access import PERMISSIONS

TENANTS = ("north", "south")
GROUPS = ("everyone", "board", "payroll")
TOPICS = {
    "budget": "The budget meeting decided on the code word {secret}. It is valid until the autumn.",
    "보안": "보안 회의에서 정한 암호는 {secret} 입니다. 가을까지 유효합니다.",
}
MEMO = "# memo\n\nThe memo about the bicycle cellar names the code word {secret}. The cellar opens at seven."
_BELONGINGS = (
    "select d.tenant_id, d.access_groups, v.state, d.id::text, v.id::text, v.run_id::text,"
    " array_remove(array[d.id::text, d.uri, v.id::text, v.raw_sha256, v.run_id::text, c.id::text, c.chunk_hash,"
    " a.id::text], null)"
    " from corpus.documents as d join corpus.versions as v on v.document_id = d.id"
    " left join corpus.chunks as c on c.document_id = d.id"
    " left join landing.arrivals as a on a.uri = d.uri"
)


@dataclass(frozen=True)
class Owner:
    """Whom a secret belongs to: one tenant, one group."""

    tenant: str
    group: str


@dataclass(frozen=True)
class Caller:
    """Somebody with a key."""

    tenant: str
    groups: tuple[str, ...]
    key: str

    def may_see(self, owner: Owner) -> bool:
        """Whether what the owner has is the caller's to see."""
        return owner.tenant == self.tenant and owner.group in self.groups


@dataclass(frozen=True)
class World:
    """What is there, whose it is, and who asks."""

    callers: tuple[Caller, ...]
    secrets: dict[str, Owner]
    """Words, ids, addresses and hashes that only their owner's readers may ever be sent."""
    documents: dict[str, Owner]
    handed_in: dict[str, Owner]
    """Those of them that came through the door of an upload source, and can be withdrawn there."""
    quarantined: dict[str, Owner]
    """Versions that were kept out; those of the board may be let pass."""
    runs: dict[str, Owner]
    """What brought all of it."""

    def leaks(self, text: str, may_see: Callable[[Owner], bool], sent: str = "") -> list[str]:
        """Return the secrets in a text that its reader may not see, and did not bring along."""
        text, sent = text.lower(), sent.lower()
        return [
            secret for secret, owner in self.secrets.items()
            if not may_see(owner) and secret.lower() in text and secret.lower() not in sent
        ]  # fmt: skip


def _publish(bench: Workbench, bucket: str, owner: Owner) -> dict[str, Owner]:
    """Sync two documents and one that cannot be read, and take in a memo through the door."""
    name = f"{owner.tenant}-{owner.group}"
    with bench.connect() as connection:
        add_source(connection, name, f"s3://{bucket}/{name}/", owner.tenant, [owner.group])
        add_source(connection, f"{name}-inbox", "upload://", owner.tenant, [owner.group])
    secrets = {f"zq{uuid4().hex[:10]}": owner for _ in range(len(TOPICS) + 1)}
    *words, memo = secrets
    for (topic, text), secret in zip(TOPICS.items(), words, strict=True):
        body = f"# {topic}\n\n" + text.format(secret=secret)
        bench.s3.put_object(Bucket=bucket, Key=f"{name}/{topic}.md", Body=body.encode())
    bench.s3.put_object(Bucket=bucket, Key=f"{name}/broken.pdf", Body=f"%PDF-1.4 {name}".encode())
    with bench.connect() as connection:
        kind = {"media_type": "text/markdown", "actor": "test", "max_bytes": 10_000}
        put(connection, bench.store, f"{name}-inbox", "inbox.md", MEMO.format(secret=memo).encode(), **kind)  # type: ignore[arg-type]
    assert _sync(bench, name).indexed == len(TOPICS)
    assert _sync(bench, f"{name}-inbox").indexed == 1
    return secrets


def _sync(bench: Workbench, source: str) -> Any:
    run_id, [key] = steps.discover(bench, source, "local", f"test__{uuid4()}")
    for _, step in steps.BATCH_STEPS:
        key = step(bench, key)
    return steps.settle(bench, run_id)


def _callers(info: str) -> Iterator[Caller]:
    from serving.keys import create_key

    readings = [("everyone",), ("board",), ("everyone", "payroll"), GROUPS, ("nobody",)]
    with psycopg.connect(info) as connection:
        for tenant, groups in product((*TENANTS, "nowhere"), readings):
            yield Caller(tenant, groups, create_key(connection, "oracle", tenant, groups, PERMISSIONS))


@contextmanager
def world_of(settings: Callable[..., Any], s3: Any, database: Any) -> Iterator[World]:
    """Publish every owner's documents through real ingestion, and make the keys."""
    bucket = f"tenants-{uuid4().hex[:8]}"
    s3.client.create_bucket(Bucket=bucket)
    bench = Workbench(settings(IngestionSettings))
    secrets: dict[str, Owner] = {}
    for tenant, group in product(TENANTS, GROUPS):
        secrets |= _publish(bench, bucket, Owner(tenant, group))
    documents, handed_in, quarantined, runs = (dict[str, Owner]() for _ in range(4))
    with bench.connect() as connection:
        connection.execute(
            "update corpus.versions as v set reason = 'validation: language_known' from corpus.documents as d"
            " where v.state = 'quarantined' and d.id = v.document_id and d.access_groups = '{board}'"
        )
        for tenant, groups, state, document, version, run, belongings in connection.execute(_BELONGINGS):
            owner = Owner(tenant, groups[0])
            secrets |= dict.fromkeys(belongings, owner)
            runs[run] = owner
            kinds = [quarantined] if state == "quarantined" else [documents, handed_in]
            for kind in kinds[: 1 + any(one.startswith("upload://") for one in belongings)]:
                kind[version if kind is quarantined else document] = owner
    callers = tuple(_callers(database.conninfo("regesta_serving")))
    yield World(callers, secrets, documents, handed_in, quarantined, runs)
    s3.client.delete_bucket(Bucket=bucket)


@pytest.fixture(scope="module")
def world(settings: Callable[..., Any], s3: Any, database: Any) -> Iterator[World]:
    with world_of(settings, s3, database) as found:
        yield found
