"""Run dbt, which decides: it lives in an environment of its own and is called by path."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from corpus.settings import ROOT
from ingestion.errors import GovernanceFailed
from ingestion.settings import IngestionSettings

PROJECT = ROOT / "dbt"


@dataclass(frozen=True)
class NodeResult:
    """How one model, test or snapshot of a dbt run ended; `seconds` is its execution time."""

    name: str
    status: str
    seconds: float
    message: str | None


def build_marts(settings: IngestionSettings, select: str | None = None) -> list[NodeResult]:
    """Run `dbt build`: every model, then its tests, in dependency order.

    Args:
        select: dbt's node selection; None builds everything.

    Raises:
        GovernanceFailed: dbt is missing, took too long, or a model or test failed; the message names them.
    """
    target = settings.home / "dbt-target"
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    command = [str(settings.dbt()), "build", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    if select:
        command += ["--select", select]
    try:
        done = subprocess.run(
            command, env=_environment(settings, target), capture_output=True, text=True,
            timeout=settings.dbt_timeout,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise GovernanceFailed(f"dbt is not at {settings.dbt()}; run `make setup`.") from error
    except subprocess.TimeoutExpired as error:
        raise GovernanceFailed(
            f"dbt took longer than {settings.dbt_timeout} s (REGESTA_DBT_TIMEOUT) and was stopped."
        ) from error
    nodes = _read(results)
    if done.returncode != 0:
        broken = [f"{node.name}: {node.message}" for node in nodes if node.status in ("error", "fail")]
        detail = "\n".join(broken) or (done.stdout + done.stderr)[-2000:]
        raise GovernanceFailed(f"dbt build failed:\n{detail}")
    return nodes


def _environment(settings: IngestionSettings, target: Path) -> dict[str, str]:
    database: dict[str, Any] = conninfo_to_dict(settings.database_url)
    password = settings.dbt_password.get_secret_value() if settings.dbt_password else ""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE") if name in os.environ},
        "REGESTA_DBT_HOST": str(database.get("host", "127.0.0.1")),
        "REGESTA_DBT_PORT": str(database.get("port", 5432)),
        "REGESTA_DBT_DATABASE": str(database.get("dbname", "regesta")),
        "REGESTA_DBT_PASSWORD": password,
        "REGESTA_DBT_SSLMODE": str(database.get("sslmode", "prefer")),
        "REGESTA_RETENTION_DAYS": str(settings.retention_days),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(settings.home / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_PARTIAL_PARSE": "true",
    }


def _read(results: Path) -> list[NodeResult]:
    if not results.exists():
        return []
    return [
        NodeResult(
            name=result["unique_id"].split(".")[2],
            status=result["status"],
            seconds=result["execution_time"],
            message=result.get("message"),
        )
        for result in json.loads(results.read_text("utf-8"))["results"]
    ]
