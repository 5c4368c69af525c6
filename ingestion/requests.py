"""What was asked for through the API: an earlier version or what a run replaced, the newest one again, another try."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ingestion import quarantine, versions
from ingestion.errors import IngestionError
from sql import queries

Connection = psycopg.Connection[Any]
Request = dict[str, Any]


def answer_requests(connection: Connection) -> list[dict[str, Any]]:
    """Do everything that was asked for; return what became of each.

    A request and its outcome are one transaction: whoever is killed half-way leaves it waiting.
    """
    done = []
    while (answered := _answer_one(connection)) is not None:
        done.append(answered)
    return done


def _answer_one(connection: Connection) -> dict[str, Any] | None:
    names = queries("requests")
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        request = cursor.execute(names["waiting_requests"]).fetchone()
        if request is None:
            return None
        state, result = "done", {}
        try:
            with connection.transaction():
                result = _WORK[request["kind"]](connection, request)
        except IngestionError as error:
            state, result = "failed", {"error": str(error)}
        finished = {"id": request["id"], "state": state, "result": Jsonb(result)}
        cursor.execute(names["finish_request"], finished)
    return {"request": str(request["id"]), "state": state, **result}


def _restore(connection: Connection, request: Request) -> dict[str, Any]:
    given = request["actor"], request["reason"], request["expires_at"]
    if request["run_id"] is not None:
        restored = versions.restore_run(connection, request["run_id"], *given)
    else:
        document_id, number = request["document_id"], request["version_number"]
        restored = [versions.restore_document(connection, document_id, number, *given)]
    return {"restored": [entry.as_dict() for entry in restored]}


def _unpin(connection: Connection, request: Request) -> dict[str, Any]:
    return {"released": versions.release(connection, request["document_id"], request["actor"])}


def _retry(connection: Connection, request: Request) -> dict[str, Any]:
    document = quarantine.retry(connection, str(request["document_id"]), request["version_number"])
    return _next_sync(connection, document, request)


def _release(connection: Connection, request: Request) -> dict[str, Any]:
    reference, number = str(request["document_id"]), request["version_number"]
    document = quarantine.release(connection, reference, request["actor"], request["reason"], number)
    return _next_sync(connection, document, request)


def _next_sync(connection: Connection, document: dict[str, Any], request: Request) -> dict[str, Any]:
    """Say what publishes it: of what was handed in a run begins at once, other sources have their schedule."""
    given = {"document_id": document["id"], "actor": request["actor"], **document}
    arrivals = queries("arrivals")
    connection.execute(arrivals["lock_arrivals"])
    connection.execute(arrivals["lock_upload_source"], given)
    is_upload = connection.execute(queries("requests")["hand_in_again"], given).rowcount == 1
    if is_upload:
        connection.execute(arrivals["notify_arrivals"])
    when = "at once" if is_upload else f"the next sync of {document['source']}"
    return {"uri": document["uri"], "worked_on": when}


_WORK = {"restore": _restore, "unpin": _unpin, "retry": _retry, "release": _release}
