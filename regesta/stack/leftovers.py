"""Processes of this home that nobody watches any more: found by their environment, stopped, then killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection, Iterable
from pathlib import Path

import psutil

from regesta.stack.ports import MARKER

SERVICE = "REGESTA_SERVICE"
"""Environment variable of every process of a service: the service's name."""


def find_leftovers(home: Path, service: str | None = None, watched: Collection[int] = ()) -> list[psutil.Process]:
    """Return processes started for this home, or one service of it, but for the watched ones.

    Args:
        home: The home whose marker they carry.
        service: Only this service's; None for every one, the supervisor's own included.
        watched: Process ids to leave alone; their descendants are left alone too.
    """
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get(MARKER) != str(home) or process.pid == os.getpid():
                continue
            if service and environment.get(SERVICE) != service:
                continue
            family = {process.pid, *(parent.pid for parent in process.parents())}
        except (psutil.Error, OSError):
            continue  # gone, or somebody else's
        if not family & set(watched):
            found.append(process)
    return found


def stop_processes(processes: Iterable[psutil.Process], gently: signal.Signals, seconds: float) -> None:
    """Ask processes to stop, wait, and kill those that did not."""
    asked = list(processes)
    for process in asked:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(gently)
    _, stubborn = psutil.wait_procs(asked, timeout=seconds)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
