"""The client of Airflow's REST API, against a small server that behaves like it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from regesta.stack.airflow import AirflowClient
from regesta.stack.errors import AirflowUnavailable
from regesta.stack.ports import free_port


class FakeAirflow(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str, Any]]] = []
    valid_token = "t1"
    dag_known_after = 0
    tasks = 230

    def log_message(self, *arguments: Any) -> None:
        pass

    def answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_any(self) -> None:
        kind = type(self)
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        kind.seen.append((self.command, self.path, body))
        if self.path == "/auth/token":
            known = body == {"username": "admin", "password": "right"}
            return self.answer(201 if known else 401, {"access_token": kind.valid_token} if known else {"detail": "no"})
        if self.headers["Authorization"] != f"Bearer {kind.valid_token}":
            return self.answer(401, {"detail": "expired"})
        if self.path == "/api/v2/dags/sync":
            kind.dag_known_after -= 1
            return self.answer(404 if kind.dag_known_after >= 0 else 200, {"detail": "unknown"})
        if self.path.endswith("/dagRuns") and self.command == "POST":
            good = "logical_date" in body and body["logical_date"] is None
            return self.answer(200 if good else 422, {"dag_run_id": "r1"} if good else {"detail": "logical_date"})
        if "/taskInstances" in self.path:
            offset = int(self.path.rpartition("offset=")[2])
            page = [{"task_id": str(number)} for number in range(offset, min(offset + 100, kind.tasks))]
            return self.answer(200, {"task_instances": page, "total_entries": kind.tasks})
        if self.path == "/api/v2/importErrors":
            trace = "Traceback\nImportError: no module named x\n"
            return self.answer(200, {"import_errors": [{"filename": "dags/sync.py", "stack_trace": trace}]})
        return self.answer(404, {"detail": "The DAG was not found"})

    do_GET = do_POST = do_PATCH = handle_any


@pytest.fixture
def server() -> Iterator[tuple[str, type[FakeAirflow]]]:
    kind = type("OneFakeAirflow", (FakeAirflow,), {"seen": [], "valid_token": "t1", "dag_known_after": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", kind
        http.shutdown()


def test_a_run_is_triggered_once_its_dag_is_known(server: tuple[str, type[FakeAirflow]]) -> None:
    url, fake = server
    fake.dag_known_after = 2
    assert AirflowClient(url, "admin", "right").trigger_dag("sync", {"source": "x"}) == "r1"
    assert fake.seen[-1][2] == {"logical_date": None, "conf": {"source": "x"}}
    assert sum(path == "/auth/token" for _, path, _ in fake.seen) == 1


def test_an_expired_token_is_renewed(server: tuple[str, type[FakeAirflow]]) -> None:
    url, fake = server
    client = AirflowClient(url, "admin", "right")
    client.token()
    fake.valid_token = "t2"
    assert client.trigger_dag("sync") == "r1"


def test_every_page_of_task_instances_is_read(server: tuple[str, type[FakeAirflow]]) -> None:
    url, fake = server
    found = AirflowClient(url, "admin", "right").task_instances("sync", "r1")
    assert [task["task_id"] for task in found] == [str(number) for number in range(fake.tasks)]


def test_a_refusal_says_what_airflow_said(server: tuple[str, type[FakeAirflow]]) -> None:
    with pytest.raises(AirflowUnavailable, match=r"refused GET .*\(404\): The DAG was not found"):
        AirflowClient(server[0], "admin", "right").dag_run("nope", "r1")


def test_a_wrong_password_is_an_error(server: tuple[str, type[FakeAirflow]]) -> None:
    with pytest.raises(AirflowUnavailable, match=r"/auth/token \(401\)"):
        AirflowClient(server[0], "admin", "wrong").dag_run("sync", "r1")


def test_a_dag_that_never_appears_names_its_import_error(server: tuple[str, type[FakeAirflow]]) -> None:
    url, fake = server
    fake.dag_known_after = 10**6
    with pytest.raises(AirflowUnavailable, match=r"dags/sync.py: ImportError: no module named x"):
        AirflowClient(url, "admin", "right").wait_for_dag("sync", seconds=0.5)


def test_an_airflow_that_does_not_run_says_how_to_start_it() -> None:
    with pytest.raises(AirflowUnavailable, match=r"Cannot reach Airflow at .*make up"):
        AirflowClient(f"http://127.0.0.1:{free_port()}", "admin", "right").health()
