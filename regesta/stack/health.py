"""What each service says about its own health; every check returns what is wrong, or None."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx

from regesta.stack.settings import StackSettings

_SECONDS = 5.0
HEARTBEATS = {
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag_processor",
    "airflow-triggerer": "triggerer",
}


def http_problem(url: str) -> str | None:
    """Return why a page does not answer with success."""
    try:
        response = httpx.get(url, timeout=_SECONDS, trust_env=False)
    except httpx.TransportError as error:
        return f"{url}: {error or type(error).__name__}"
    return f"{url} answered {response.status_code}" if response.is_error else None


def airflow_problem(settings: StackSettings, service: str, since: float = 0.0) -> str | None:
    """Return what is wrong with one of Airflow's programs, as its API server sees it.

    Args:
        since: Epoch seconds the program started at. An older heartbeat is its predecessor's and
            proves nothing.
    """
    try:
        report = httpx.get(f"{settings.airflow_url}/api/v2/monitor/health", timeout=_SECONDS, trust_env=False)
        report.raise_for_status()
        health: dict[str, Any] = report.json()
    except (httpx.HTTPError, ValueError) as error:
        return f"the API server does not answer: {error or type(error).__name__}"
    if service == "airflow-api-server":
        state = health["metadatabase"]["status"]
        return None if state == "healthy" else f"metadata database {state}"
    name = HEARTBEATS[service]
    state, beat = health[name]["status"], health[name][f"latest_{name}_heartbeat"]
    if state != "healthy":
        return f"{state or 'never started'}, last heartbeat {beat or 'never'}"
    if datetime.fromisoformat(beat).timestamp() < since:
        return "no heartbeat yet"
    return None


def serving_remark(settings: StackSettings) -> str:
    """Return why a running API cannot answer questions yet; empty when it can."""
    try:
        reply = httpx.get(f"{settings.api_url}/health/ready", timeout=_SECONDS, trust_env=False)
        checks: dict[str, str] = reply.json()["checks"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return ""
    if reply.is_success:
        return ""
    return "not ready: " + "; ".join(
        f"{name}: {found}" for name, found in checks.items() if found != "ok" and name != "generator"
    )
