"""Processes of a cluster, found by the folder they work in: Postgres hides its environment from `ps`."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

from regesta.stack.leftovers import stop_processes


def cluster_processes(data: Path) -> list[psutil.Process]:
    """Return every running process of the cluster in a data folder."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and process.cwd() == str(data.resolve()):
                found.append(process)
        except psutil.Error:
            continue  # gone, or somebody else's
    return found


def stop_cluster(data: Path) -> int:
    """Stop every process of a cluster, and return how many there were."""
    found = cluster_processes(data)
    family = {process.pid for process in found}
    heads = [process for process in found if _parent(process) not in family]
    # A whole server ends in order when its head is asked. Parts without a head have nothing to save.
    if len(heads) == 1 < len(found):
        stop_processes(heads, signal.SIGINT, seconds=20)
    stop_processes(cluster_processes(data), signal.SIGKILL, seconds=5)
    return len(found)


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0
