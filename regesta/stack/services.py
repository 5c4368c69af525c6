"""The services of the stack, as a table of values: what runs, on which port, and how it is known to be well."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from corpus.settings import ROOT
from regesta.stack import airflow
from regesta.stack.command import Command
from regesta.stack.health import airflow_problem, http_problem, serving_remark
from regesta.stack.ports import Need
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.s3 import EmbeddedS3
from regesta.stack.settings import StackSettings
from regesta.stack.waiting import Check


@dataclass(frozen=True)
class Service:
    """One supervised program."""

    name: str
    command: Command
    log: Path
    ports: tuple[Need, ...]
    ready: Callable[[float], str | None]
    """What is wrong with the process started at this time; asked until there is nothing."""
    seconds: int
    """How long a start may take on a slow machine."""
    glance: Check
    """The same, cheaply, of a process known to run."""
    prepare: Callable[[], object] = lambda: None
    remark: Callable[[], str] = lambda: ""
    after: tuple[str, ...] = field(default=())
    """Parts of set-up and services that must be through first."""


BASE = ("postgres", "s3")
"""What the other services stand on: started first, stopped last."""
NAMES = (*BASE, *(f"airflow-{component}" for component in airflow.COMPONENTS), "serving")


def services(settings: StackSettings) -> dict[str, Service]:
    """Return the services this machine runs, in the order they are shown; external ones are left out."""
    found = [_airflow(settings, component) for component in airflow.COMPONENTS] + [_serving(settings)]
    if settings.s3 == "embedded":
        found.insert(0, _s3(settings))
    if settings.postgres == "embedded":
        found.insert(0, _postgres(settings))
    return {service.name: service for service in found}


def _postgres(settings: StackSettings) -> Service:
    server = EmbeddedPostgres(settings)
    return Service(
        name="postgres",
        command=server.command(),
        log=server.log,
        ports=(Need(settings.postgres_port, "Postgres", "REGESTA_POSTGRES_PORT"),),
        ready=lambda _: server.problem(),
        seconds=120,  # after a crash it first replays its log
        glance=server.problem,
        prepare=server.prepare,
        after=("cluster",),
    )


def _s3(settings: StackSettings) -> Service:
    server = EmbeddedS3(settings)
    internal = settings.internal_ports._asdict()
    inner = (
        Need(port, f"SeaweedFS {name.removeprefix('s3_')}", "REGESTA_INTERNAL_PORT_BASE")
        for name, port in internal.items()
        if name.startswith("s3_")
    )
    return Service(
        name="s3",
        command=server.command(),
        log=server.log,
        ports=(Need(settings.s3_port, "S3", "REGESTA_S3_PORT"), *inner),
        ready=lambda _: server.problem(),
        seconds=90,
        glance=server.answers,
        prepare=server.prepare,
    )


def _airflow(settings: StackSettings, component: str) -> Service:
    name = f"airflow-{component}"
    web = component == "api-server"
    port = (Need(settings.airflow_port, "Airflow", "REGESTA_AIRFLOW_PORT"),) if web else ()
    return Service(
        name=name,
        command=airflow.command(settings, component),
        log=settings.logs / f"{name}.log",
        ports=port,
        ready=partial(airflow_problem, settings, name),
        seconds=180,
        glance=partial(airflow_problem, settings, name),
        prepare=partial(airflow.prepare, settings),
        after=("airflow metadata", "bucket"),
    )


def _serving(settings: StackSettings) -> Service:
    app = ("-m", "uvicorn", "serving.app:create_app", "--factory", "--host", "127.0.0.1")
    return Service(
        name="serving",
        command=Command(
            # On a stop, streams get a few seconds to end; then they are cut.
            argv=(sys.executable, *app, "--port", str(settings.api_port), "--timeout-graceful-shutdown", "5"),
            folder=ROOT,
            stop_seconds=10,
        ),
        log=settings.logs / "serving.log",
        ports=(Need(settings.api_port, "API", "REGESTA_API_PORT"),),
        ready=lambda _: http_problem(f"{settings.api_url}/health/live"),
        seconds=120,
        glance=lambda: http_problem(f"{settings.api_url}/health/live"),
        remark=partial(serving_remark, settings),
        after=("schema", "model", "bucket"),
    )
