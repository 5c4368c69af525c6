"""The supervisor: started, asked and told over its Unix socket, always with a time limit."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psutil

from regesta.stack.errors import ServiceFailed, StackError
from regesta.stack.folders import make_private
from regesta.stack.leftovers import remember_session
from regesta.stack.ports import MARKER
from regesta.stack.services import BASE, Service
from regesta.stack.settings import StackSettings
from regesta.stack.supervisor_config import PASSED_ON, socket_path, write_configuration
from regesta.stack.supervisor_socket import NotRunning, call

_SECONDS = 90.0  # stopping a service may take a minute
_NOISE = ("MAKE", "MFLAGS", "PYTEST", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONSTARTUP", "AIRFLOW")


@dataclass(frozen=True)
class State:
    """What the supervisor knows of a service."""

    name: str
    state: str
    pid: int
    started: float
    stopped: float
    exit_status: int

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.state in ("RUNNING", "STARTING")


class Supervisor:
    """The supervisor of one home."""

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self._socket = socket_path(settings)

    def running(self) -> bool:
        """Say whether it answers."""
        try:
            self._call("getState", seconds=5)
        except StackError:
            return False
        return True

    def launch(self, services: Iterable[Service]) -> None:
        """Start it, with no service running yet."""
        self.settings.run.mkdir(mode=0o700, exist_ok=True)
        make_private(self.settings.sockets, os.geteuid(), os.getegid())
        self._socket.unlink(missing_ok=True)
        configuration = write_configuration(self.settings, services)
        dropped = (*PASSED_ON, *_NOISE)  # settings reach a service through its script, and only those of now
        environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)],
            env={**environment, MARKER: str(self.settings.home)}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        deadline = time.monotonic() + 15
        while not self.running():
            if done.returncode != 0 or time.monotonic() > deadline:
                raise ServiceFailed(f"The supervisor did not start: {(done.stderr or done.stdout).strip()}")
            time.sleep(0.05)
        remember_session(self.settings.run, self.pid())

    def pid(self) -> int:
        """Return its process id, which is also its session's."""
        return int(self._call("getPID"))

    def reload(self, services: Iterable[Service]) -> list[str]:
        """Make the configuration what it should be now; return the services stopped because theirs changed."""
        write_configuration(self.settings, services)
        [[added, changed, removed]] = self._call("reloadConfig")
        stale = [*changed, *removed]
        self.stop_all(stale)
        for name in stale:
            self._call("removeProcessGroup", name)
        for name in (*changed, *added):
            self._call("addProcessGroup", name)
        return stale

    def states(self) -> dict[str, State]:
        """Return what it knows of every service."""
        return {
            found["name"]: State(
                found["name"], found["statename"], found["pid"], found["start"], found["stop"], found["exitstatus"]
            )
            for found in self._call("getAllProcessInfo")
        }

    def state(self, name: str) -> State:
        """Return what it knows of one service."""
        return self.states()[name]

    def start(self, name: str) -> None:
        """Start a service that does not run."""
        self._call("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Stop a service and wait until it is gone; one that does not run is left alone."""
        with contextlib.suppress(NotRunning):
            self._call("stopProcess", name)

    def stop_all(self, names: Collection[str]) -> None:
        """Stop services: those that stand on others first, together, then the others."""
        top, base = [name for name in names if name not in BASE], [name for name in names if name in BASE]
        for group in (top, base):
            with ThreadPoolExecutor() as pool:
                list(pool.map(self.stop, group))

    def shut_down(self) -> None:
        """End the supervisor and whatever still runs under it."""
        process = psutil.Process(self.pid())
        self._call("shutdown")
        psutil.wait_procs([process], timeout=_SECONDS)
        self._socket.unlink(missing_ok=True)

    def _call(self, method: str, *arguments: object, seconds: float = _SECONDS) -> Any:
        return call(self._socket, seconds, method, *arguments)
