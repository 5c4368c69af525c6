"""Start, repair and stop the services of one home."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Collection, Iterator

from regesta.stack import ports
from regesta.stack.errors import ServiceFailed, StackError
from regesta.stack.leftovers import find_leftovers, stop_processes
from regesta.stack.parts import UP_TO_DATE
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.s3 import EmbeddedS3
from regesta.stack.services import Service, services
from regesta.stack.settings import StackSettings
from regesta.stack.supervisor import Supervisor
from regesta.stack.waiting import wait_healthy

_HANGING_SECONDS = 30
"""A service that runs but is not healthy for this long is restarted."""


class Stack:
    """The services of one home and their supervisor."""

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self.services = services(settings)
        self.supervisor = Supervisor(settings)

    def take_charge(self, names: Collection[str]) -> None:
        """Make the supervisor run with today's settings, and clear the way for services about to start.

        Raises:
            PortTaken: Another program holds a port one of them needs.
        """
        self.settings.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        supervised = self.supervisor.running()
        if supervised:
            self.supervisor.reload(self.services.values())
            missing = set(names) & set(self.services) - self.running()
            self._clear()
        else:
            # Its services may have outlived it; nobody watches them, so they make room for new ones.
            self.stop_leftovers()
            missing = set(names) & set(self.services)
        ports.require_free(need for name in self.services if name in missing for need in self.services[name].ports)
        if not supervised:
            self.supervisor.launch(self.services.values())

    def start(self, name: str) -> str | None:
        """Start a service unless it runs, and wait until it is healthy; restart one that hangs.

        Raises:
            ServiceFailed: It stopped, or did not become healthy in time.
        """
        service = self.services[name]
        if self.supervisor.state(name).running:
            with contextlib.suppress(ServiceFailed):
                self._wait(service, _HANGING_SECONDS)
                return UP_TO_DATE
            self.supervisor.stop(name)
        self._clear()
        service.prepare()
        self.supervisor.start(name)
        self._wait(service, service.seconds)
        return None

    def running(self) -> set[str]:
        """Return the names of the services that run."""
        return {name for name, state in self.supervisor.states().items() if state.running}

    def stop_leftovers(self) -> int:
        """Stop every process of this home that no supervisor watches, and return how many there were."""
        found = find_leftovers(self.settings.home)
        stop_processes(found, signal.SIGTERM, seconds=5)
        stopped = len(found)
        if self.settings.postgres == "embedded":
            stopped += EmbeddedPostgres(self.settings).stop()
        EmbeddedS3(self.settings).clean()
        return stopped

    def _wait(self, service: Service, seconds: float) -> None:
        started = self.supervisor.state(service.name).started
        try:
            wait_healthy(
                service.name,
                lambda: service.ready(started),
                service.log,
                seconds,
                alive=lambda: self.supervisor.state(service.name).running,
            )
        except ServiceFailed as error:
            raise ServiceFailed(f"{error}\nAll of it: `regesta logs {service.name}`. Then `make up` again.") from error

    def _clear(self) -> None:
        """Stop what services that died have left: their children would hold ports and queues."""
        watched = {state.pid for state in self.supervisor.states().values() if state.running}
        leftovers = find_leftovers(self.settings.home, {self.supervisor.pid(), *watched})
        stop_processes(leftovers, signal.SIGTERM, seconds=2)


def shut_down(settings: StackSettings) -> list[str]:
    """Stop everything this home started, and return what that was."""
    stack = Stack(settings)
    stopped: list[str] = []
    if stack.supervisor.running():
        running = stack.running()
        stopped = [name for name in stack.services if name in running]
        stack.supervisor.stop_all(running)
        stack.supervisor.shut_down()
    if stack.stop_leftovers():
        stopped.append("leftovers")
    if settings.sockets != settings.run:
        with contextlib.suppress(OSError):
            settings.sockets.rmdir()
    return stopped


@contextlib.contextmanager
def exclusive(settings: StackSettings, seconds: float = 300) -> Iterator[None]:
    """Let one command at a time change the services of a home."""
    settings.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    with (settings.run / "lock").open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.seek(0)
                    raise StackError(f"Another command (pid {file.read()}) has been changing this stack.") from None
                time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
