"""The ledger: every run accounts for every document it discovered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row

from ingestion.changes import Known
from ingestion.errors import RunUnbalanced
from ingestion.items import Item
from ingestion.sources import Source
from sql import queries

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Receipt:
    """What one run did and what it cost; `seconds` is wall time from discovery to settlement."""

    run_id: UUID
    source: str
    tenant_id: str
    state: str
    reason: str | None
    seconds: float
    discovered: int
    indexed: int
    unchanged: int
    duplicate: int
    deleted: int
    quarantined: int
    failed: int
    unsettled: int
    chunks_kept: int
    chunks_embedded: int
    tokens_embedded: int

    @property
    def balances(self) -> bool:
        """Whether every discovered document has exactly one outcome."""
        outcomes = (self.indexed, self.unchanged, self.duplicate, self.deleted, self.quarantined, self.failed)
        return self.discovered == sum(outcomes)

    def summary(self) -> str:
        """Return the balance and the cost in two lines for a person."""
        outcomes = ("indexed", "unchanged", "duplicate", "deleted", "quarantined", "failed")
        balance = " + ".join(f"{getattr(self, name)} {name}" for name in outcomes if getattr(self, name))
        return (
            f"{self.discovered} discovered = {balance or '0'}\n"
            f"chunks: {self.chunks_kept} kept, {self.chunks_embedded} embedded ({self.tokens_embedded} tokens)"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {**asdict(self), "run_id": str(self.run_id)}


def open_run(connection: Connection, source: Source, trigger: str, dag_run_id: str) -> tuple[UUID, str, list[UUID]]:
    """Open a run of a source; return its id, its state, and the runs it supersedes because they never settled.

    A retried task gets the run it opened before, which may be settled already.
    """
    names = queries("runs")
    scope = {"source_id": source.id, "trigger": trigger, "dag_run_id": dag_run_id}
    with connection.transaction():
        connection.execute(names["lock_source"], scope)
        superseded = [run_id for (run_id,) in connection.execute(names["supersede_runs"], scope)]
        for name in ("open_run", "reopen_run"):
            connection.execute(names[name], scope)
        row = connection.execute(names["find_run"], scope).fetchone()
    assert row is not None
    return row[0], row[1], superseded


def known_documents(connection: Connection, source: Source) -> list[Known]:
    """Return what the registry knows of a source's documents."""
    with connection.cursor(row_factory=class_row(Known)) as cursor:
        return cursor.execute(queries("runs")["known_documents"], {"source_id": source.id}).fetchall()


def erased_uris(connection: Connection, source: Source, uris: Sequence[str]) -> dict[str, UUID]:
    """Return those addresses whose documents were erased, with the receipt that keeps each out."""
    rows = connection.execute(queries("runs")["erased_uris"], {"source_id": source.id, "uris": list(uris)})
    return dict(rows.fetchall())


def record_discovery(
    connection: Connection,
    run_id: UUID,
    items: Sequence[Item],
    known: Sequence[Known],
    erased: Mapping[str, UUID],
) -> None:
    """Write one ledger row per item; what needs no work is settled at once.

    An erased document that is still listed is counted as deleted, under its receipt in place of its address. An
    unchanged document whose newest version is quarantined stays counted as quarantined, so that nobody
    overlooks it, but is not parsed again.
    """
    quarantined = {entry.uri: entry.reason for entry in known if entry.version_state == "quarantined"}
    rows = []
    for item in items:
        uri, outcome, reason = item.uri, None, None
        if item.uri in erased:
            uri, outcome, reason = f"erased:{erased[item.uri]}", "deleted", "erased: it is kept out"
        elif item.change == "unchanged":
            reason = quarantined.get(item.uri)
            outcome = "quarantined" if reason else "unchanged"
        rows.append({"run_id": run_id, "uri": uri, "change": item.change, "outcome": outcome, "reason": reason})
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(queries("runs")["add_items"], rows)


def receipt(connection: Connection, run_id: UUID) -> Receipt:
    """Return the counts of a run so far."""
    with connection.cursor(row_factory=class_row(Receipt)) as cursor:
        found = cursor.execute(queries("runs")["receipt"], {"run_id": run_id}).fetchone()
    if found is None:
        raise RunUnbalanced(f"There is no run {run_id}.")
    return found


def problems(connection: Connection, run_id: UUID) -> list[dict[str, Any]]:
    """Return the items of a run that were quarantined or failed, with their reasons."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("runs")["problems"], {"run_id": run_id}).fetchall()


def recent_runs(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the newest runs of all sources with their counts."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("runs")["recent_runs"], {"limit": limit}).fetchall()


def recent_problems(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return what was quarantined or failed in the newest run of every source."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries("runs")["recent_problems"], {"limit": limit}).fetchall()


def fail_run(connection: Connection, run_id: UUID, reason: str) -> None:
    """Close a run that could not go on."""
    with connection.transaction():
        connection.execute(queries("runs")["settle_run"], {"run_id": run_id, "state": "failed", "reason": reason})


def settle_run(connection: Connection, run_id: UUID, tenant_partition_chunks: int) -> Receipt:
    """Close the ledger of a run and return its receipt; a settled run is left as it is.

    Items no step settled are marked failed, and the run fails: nothing is lost silently.
    """
    names = queries("runs")
    with connection.transaction():
        unreached = connection.execute(names["fail_unreached_items"], {"run_id": run_id}).fetchall()
        counts = receipt(connection, run_id)
        reason = None
        if unreached:
            reason = f"{len(unreached)} of {counts.discovered} documents were not reached"
        elif not counts.balances:
            reason = "the ledger does not balance"
        state = "failed" if reason else "succeeded"
        connection.execute(names["settle_run"], {"run_id": run_id, "state": state, "reason": reason})
        # Also by a run that was killed before it could be settled, whatever is left for this one to do.
        [(has_published,)] = connection.execute(names["has_published"], {"run_id": run_id}).fetchall()
        if has_published:
            connection.execute(names["refresh_statistics"], {"tenant_id": counts.tenant_id})
    if has_published:
        with connection.transaction():
            connection.execute("set local statement_timeout = '30min'")
            connection.execute(
                names["partition_tenant"],
                {"tenant_id": counts.tenant_id, "min_chunks": tenant_partition_chunks},
            )
    return receipt(connection, run_id)
