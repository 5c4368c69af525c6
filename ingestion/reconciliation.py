"""Compare everything that is stored with everything else: S3, the ledger, the corpus, the vectors, the history.

Every check is a query of `sql/queries/reconciliation.sql` that returns what is wrong; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from corpus.objects import ObjectStore, ObjectStoreUnavailable
from ingestion.apply import serving_model, with_table
from sql import queries

Connection = psycopg.Connection[Any]

GRACE = timedelta(hours=1)
"""How long S3 may be ahead of the database: bytes are written before their row, and removed after it."""
SHOWN = 100
"""Wrong rows reported per check."""
HARMLESS = ("stuck_runs", "unregistered_objects", "undeleted_objects", "staged_leftovers")
"""Checks whose findings cost space or attention, and nothing else."""
PREFIXES = ("raw/", "runs/")
_PREPARE = "create_listed_objects"
_PURGE = "Run `regesta versions purge`."
_SYNC = "Sync the source again; if it is found again, please report it with this line."
_ADVICE = {
    "stuck_runs": "Look at the run in Airflow; the next sync of its source takes its place.",
    "missing_objects": "Restore the bucket from its backup, or sync again while the source still has the file.",
    "truncated_objects": "Delete the object and sync again while the source still has the file.",
    "unregistered_objects": "The next sync takes it up if its source still has the file; else it may be deleted.",
    "undeleted_objects": "It may be deleted.",
    "staged_leftovers": _PURGE,
    "unfinished_erasures": "Erase the document again, or any other: that finishes all.",
    "returned_erasures": "Erase the document again.",
    "stuck_requests": "Look whether Airflow's DAG `restore_versions` runs.",
    "registry_disagrees": "Run `regesta versions purge`, which serves what the registry says, or sync again.",
    "cached_answers": "Run `regesta cache clear`, and please report it with this line.",
    "statistics": "Sync the source: a run that changes something counts again.",
}


@dataclass(frozen=True)
class Discrepancy:
    """One thing that does not agree: which check, and what it found."""

    check: str
    found: str


def checks() -> dict[str, str]:
    """Return every check with what it holds to be true."""
    return {name: _promise(query) for name, query in queries("reconciliation").items() if name != _PREPARE}


def advice(check: str) -> str:
    """Return what to do about findings of a check."""
    return _ADVICE.get(check, _SYNC)


def reconcile(connection: Connection, store: ObjectStore, grace: timedelta = GRACE) -> list[Discrepancy]:
    """Return everything that does not agree; empty when all is well. Safe beside running programs.

    The database is seen at one moment, S3 just after it. So a row without its bytes is a finding, while bytes
    that wait for their row, or staged files that wait for their removal, are one only after `grace`.

    Args:
        connection: As `regesta_ingestion`, outside a transaction.
        grace: For tests of crashes, zero: then nothing else may be at work.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        return find_discrepancies(connection, store, grace)


def find_discrepancies(connection: Connection, store: ObjectStore, grace: timedelta) -> list[Discrepancy]:
    """Run every check inside the caller's transaction."""
    names = queries("reconciliation")
    _, table = serving_model(connection)  # the database is seen as of this statement
    connection.execute(names[_PREPARE])
    _list_objects(connection, store)
    found: list[Discrepancy] = []
    for check in checks():
        query = with_table(names[check], table) if "{model_table}" in names[check] else names[check]
        rows = connection.execute(query, {"grace": grace}).fetchmany(SHOWN)
        found += [Discrepancy(check, text) for (text,) in rows]
    return found


def _list_objects(connection: Connection, store: ObjectStore) -> None:
    with connection.cursor() as cursor, cursor.copy("copy listed_objects from stdin") as copy:
        for row in _stored(store):
            copy.write_row(row)
    connection.execute("analyze listed_objects")


def _stored(store: ObjectStore) -> Iterator[tuple[str, int, datetime]]:
    """Yield key, size and time of everything that runs have written."""
    from botocore.exceptions import BotoCoreError, ClientError

    pages = store.client.get_paginator("list_objects_v2")
    try:
        for prefix in PREFIXES:
            for page in pages.paginate(Bucket=store.bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield entry["Key"], entry["Size"], entry["LastModified"]
    except (BotoCoreError, ClientError) as error:
        raise ObjectStoreUnavailable(f"S3 could not list {store.bucket}: {error}.") from error


def _promise(query: str) -> str:
    """Return the comment a check begins with."""
    lines = query.splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("-- "))
    return " ".join(line.removeprefix("-- ") for line in lines[:end])
