"""Processes of this home that nobody watches any more: found, stopped, then killed.

Two marks tell whose a process is. Its environment names the home, but a program may forbid looking at it, as
Airflow's workers do; and it belongs to the session of the supervisor that started it, which nothing hides.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Collection, Iterable
from pathlib import Path

import psutil

from regesta.stack.ports import MARKER

SERVICE = "REGESTA_SERVICE"
"""Environment variable of every process of a service: the service's name."""


def remember_session(run: Path, supervisor: int) -> None:
    """Note the session a supervisor leads, to know its processes by when it is gone."""
    started = psutil.Process(supervisor).create_time()
    (run / "session.json").write_text(json.dumps({"id": supervisor, "started": started, "boot": psutil.boot_time()}))


def find_leftovers(home: Path, watched: Collection[int] = ()) -> list[psutil.Process]:
    """Return processes started for this home, but for the watched ones, their families and groups."""
    session = _session(home / "run")
    ourselves = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid in ourselves or not (_marked(process, home) or _of_session(process, session)):
                continue
            family = {process.pid, os.getpgid(process.pid), *(parent.pid for parent in process.parents())}
        except (psutil.Error, OSError):
            continue  # it ended meanwhile
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


def _marked(process: psutil.Process, home: Path) -> bool:
    try:
        return process.environ().get(MARKER) == str(home)
    except psutil.NoSuchProcess:
        raise
    except (psutil.Error, OSError):
        return False  # somebody else's, or hidden


def _of_session(process: psutil.Process, session: dict[str, float]) -> bool:
    if not session or os.getsid(process.pid) != session["id"] or process.uids().real != os.getuid():
        return False
    return process.create_time() >= session["started"]


def _session(run: Path) -> dict[str, float]:
    try:
        session: dict[str, float] = json.loads((run / "session.json").read_text())
    except (OSError, ValueError):
        return {}
    if abs(session["boot"] - psutil.boot_time()) > 5:
        return {}  # the machine was restarted: the number may be anybody's
    with contextlib.suppress(psutil.Error):
        if psutil.Process(int(session["id"])).create_time() != session["started"]:
            return {}  # the supervisor and all its processes ended, and the number went to somebody else
    return session
