"""What runs, how it is, and what to do about what does not."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from regesta.stack import database
from regesta.stack.buckets import require_buckets
from regesta.stack.errors import StackError
from regesta.stack.leftovers import SERVICE, find_leftovers
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.services import Service, services
from regesta.stack.settings import StackSettings
from regesta.stack.supervisor import State, Supervisor

_EXIT = re.compile(r"^\S+ (\d\d:\d\d):\d\d\S* \w+ exited: (\S+) \((terminated by (SIG\w+)|exit status (\d+))")


@dataclass(frozen=True)
class ServiceStatus:
    """One line of the table."""

    name: str
    state: str
    pid: int | None = None
    uptime_seconds: int | None = None
    port: int | None = None
    health: str = "–"
    note: str = ""

    @property
    def healthy(self) -> bool:
        """Whether it does its work."""
        return self.health == "ok"


def examine(settings: StackSettings) -> list[ServiceStatus]:
    """Look at every service, all at once."""
    supervisor = Supervisor(settings)
    known = services(settings)
    if supervisor.running():
        states, ends = supervisor.states(), _ends(settings)
        looks = [partial(_supervised, service, states.get(service.name), ends) for service in known.values()]
    else:
        orphans = dict(_orphans(settings))
        looks = [partial(_unsupervised, service, orphans.get(service.name)) for service in known.values()]
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda look: look(), looks))
    return list(_external(settings)) + found


def _supervised(service: Service, state: State | None, ends: dict[str, str]) -> ServiceStatus:
    port = service.ports[0].port if service.ports else None
    if state is None or not state.running:
        end = ends.get(service.name) if state and state.state in ("EXITED", "FATAL", "BACKOFF") else None
        if end is None:
            return ServiceStatus(service.name, "stopped", port=port, note="`make up` starts it")
        return ServiceStatus(service.name, "dead", port=port, note=f"{end}; `make up` starts it again")
    problem = service.glance()
    uptime = max(0, int(time.time() - state.started))
    health, note = ("ok", service.remark()) if problem is None else ("failing", problem)
    return ServiceStatus(service.name, "running", state.pid, uptime, port, health, note)


def _unsupervised(service: Service, pid: int | None) -> ServiceStatus:
    port = service.ports[0].port if service.ports else None
    if pid is None:
        return ServiceStatus(service.name, "stopped", port=port, note="`make up` starts it")
    return ServiceStatus(service.name, "orphaned", pid, port=port, note="its supervisor is gone; `make up` takes over")


def _orphans(settings: StackSettings) -> Iterator[tuple[str, int]]:
    for process in reversed(find_leftovers(settings.home)):  # so that of a family the eldest wins
        try:
            yield process.environ().get(SERVICE, ""), process.pid
        except Exception:  # it ended meanwhile
            continue
    if settings.postgres == "embedded":
        for process in reversed(EmbeddedPostgres(settings).processes()):
            yield "postgres", process.pid


def _external(settings: StackSettings) -> Iterator[ServiceStatus]:
    if settings.postgres == "external":
        try:
            database.identity(settings)
            yield ServiceStatus("postgres", "external", health="ok")
        except Exception as error:  # any failure is the answer
            yield ServiceStatus("postgres", "external", health="failing", note=str(error).splitlines()[0])
    if settings.s3 == "external":
        try:
            require_buckets(settings)
            yield ServiceStatus("s3", "external", health="ok")
        except StackError as error:
            yield ServiceStatus("s3", "external", health="failing", note=str(error))


def _ends(settings: StackSettings) -> dict[str, str]:
    """Return how each service ended last, from the supervisor's log: its interface does not tell the signal."""
    try:
        lines = (settings.logs / "supervisord.log").read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    ends = {}
    for line in lines:
        if found := _EXIT.match(line):
            clock, name, _, signal_name, status = found.groups()
            number = f"signal {int(signal.Signals[signal_name])} ({signal_name})" if signal_name else ""
            how = f"killed by {number}" if signal_name else f"exited with status {status}"
            ends[name] = f"{how} at {clock}"
    return ends
