"""A small client of Airflow's REST API: trigger a DAG and follow its run."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from regesta.stack.errors import AirflowUnavailable

if TYPE_CHECKING:
    from typing import Self

    from regesta.stack.settings import StackSettings

_PAGE = 100


class AirflowClient:
    """Talks to one Airflow as one user."""

    def __init__(self, base_url: str, user: str, password: str, timeout: float = 10.0) -> None:
        self._credentials = {"username": user, "password": password}
        self._token: str | None = None
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False)

    @classmethod
    def of(cls, settings: StackSettings) -> Self:
        """Return a client of the local stack's Airflow."""
        from regesta.stack.settings import secret

        return cls(settings.airflow_url, settings.airflow_user, secret(settings.airflow_password))

    def token(self) -> str:
        """Log in, once, and return the token other requests carry."""
        if self._token is None:
            reply = self._checked(self._sent("POST", "/auth/token", json=self._credentials))
            self._token = str(reply["access_token"])
        return self._token

    def health(self) -> dict[str, Any]:
        """Return the state and the last heartbeat of every component; needs no login."""
        return self._checked(self._sent("GET", "/api/v2/monitor/health"))

    def trigger_dag(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run of a DAG and return the run's id; right after a first start, wait until it is known."""
        self.wait_for_dag(dag_id)
        # Without an explicit null the API refuses the request.
        body = {"logical_date": None, "conf": conf or {}}
        return str(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def dag_run(self, dag_id: str, dag_run_id: str) -> dict[str, Any]:
        """Return one run; `state` is queued, running, success or failed."""
        return self._call("GET", f"/dags/{dag_id}/dagRuns/{dag_run_id}")

    def latest_run_state(self, dag_id: str, since: float) -> str | None:
        """Return the state of the newest run due at or after a time (epoch seconds); None when there is none."""
        due = datetime.fromtimestamp(since, UTC).isoformat()
        page = self._call(
            "GET", f"/dags/{dag_id}/dagRuns", params={"run_after_gte": due, "order_by": "-run_after", "limit": 1}
        )
        return str(page["dag_runs"][0]["state"]) if page["dag_runs"] else None

    def task_instances(self, dag_id: str, dag_run_id: str) -> list[dict[str, Any]]:
        """Return every task instance of a run, mapped ones one by one."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._call(
                "GET",
                f"/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances",
                params={"limit": _PAGE, "offset": len(found)},
            )
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def wait_for_dag(self, dag_id: str, seconds: float = 60) -> None:
        """Wait until the DAG processor has read a DAG's file, which takes a while after the first start."""
        deadline = time.monotonic() + seconds
        while (status := self._authorized("GET", f"/api/v2/dags/{dag_id}").status_code) != 200:
            if status != 404:
                raise AirflowUnavailable(f"Airflow answered {status} when asked for the DAG {dag_id}.")
            if time.monotonic() > deadline:
                raise AirflowUnavailable(
                    f"Airflow does not know the DAG {dag_id} after {seconds:.0f} s{self._import_errors()}. "
                    "See `regesta logs airflow-dag-processor`."
                )
            time.sleep(0.3)

    def _import_errors(self) -> str:
        errors = self._call("GET", "/importErrors")["import_errors"]
        ends = (f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors)
        return "".join(f"; {end}" for end in ends)

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        return self._checked(self._authorized(method, f"/api/v2{path}", **request))

    def _authorized(self, method: str, path: str, **request: Any) -> httpx.Response:
        response = self._sent(method, path, headers={"Authorization": f"Bearer {self.token()}"}, **request)
        if response.status_code == 401:  # the token ran out, or Airflow was set up anew
            self._token = None
            response = self._sent(method, path, headers={"Authorization": f"Bearer {self.token()}"}, **request)
        return response

    def _sent(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise AirflowUnavailable(
                f"Cannot reach Airflow at {self._http.base_url}: {error or type(error).__name__}. "
                "Start it with `make up`."
            ) from error

    def _checked(self, response: httpx.Response) -> dict[str, Any]:
        if response.is_error:
            raise AirflowUnavailable(
                f"Airflow refused {response.request.method} {response.request.url.path} "
                f"({response.status_code}): {_detail(response)}"
            )
        reply: dict[str, Any] = response.json() if response.content else {}
        return reply


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:300]
