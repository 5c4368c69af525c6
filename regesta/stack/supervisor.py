"""The supervisor: started, asked and told over its Unix socket, always with a time limit."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regesta.stack.errors import ServiceFailed, StackError
from regesta.stack.ports import MARKER
from regesta.stack.services import Service
from regesta.stack.settings import StackSettings
from regesta.stack.supervisor_config import PASSED_ON, socket_path, write_configuration

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
        self.settings.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
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

    def reload(self, services: Iterable[Service]) -> list[str]:
        """Make the configuration what it should be now; return the services stopped because theirs changed."""
        write_configuration(self.settings, services)
        [[added, changed, removed]] = self._call("reloadConfig")
        stopped = []
        for name in (*changed, *removed):
            self.stop(name)
            self._call("removeProcessGroup", name)
            stopped.append(name)
        for name in (*changed, *added):
            self._call("addProcessGroup", name)
        return stopped

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

    def shut_down(self) -> None:
        """End the supervisor and whatever still runs under it."""
        self._call("shutdown")
        deadline = time.monotonic() + _SECONDS
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _call(self, method: str, *arguments: Any, seconds: float = _SECONDS) -> Any:
        transport = _UnixTransport(self._socket, seconds)
        with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=transport) as server:
            try:
                return getattr(server.supervisor, method)(*arguments)
            except xmlrpc.client.Fault as fault:
                if fault.faultString.startswith("NOT_RUNNING"):
                    raise NotRunning(fault.faultString) from fault
                raise ServiceFailed(f"The supervisor refused {method}{arguments}: {fault.faultString}") from fault
            except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
                raise ServiceFailed(f"The supervisor does not answer at {self._socket}: {error}") from error


class NotRunning(StackError):
    """A service that should be stopped does not run."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__()
        self._path, self._seconds = path, seconds

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path, self._seconds)
