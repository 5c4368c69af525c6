"""Ports: find free ones once, and say who holds a taken one."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Collection, Iterable
from typing import NamedTuple

import psutil

from regesta.stack.errors import PortTaken

HOST = "127.0.0.1"
MARKER = "REGESTA_STACK"
"""Environment variable of every process a stack starts: the home it belongs to."""
_FIRST, _LAST, _STEP = 20_000, 32_000, 10  # below the range from which the system lends ports to clients


class Need(NamedTuple):
    """A port somebody is about to listen on, and the setting that changes it."""

    port: int
    what: str
    setting: str


def require_free(needs: Iterable[Need]) -> None:
    """Raise `PortTaken` naming every needed port that another program holds, and what to do about it."""
    lines = []
    for need in needs:
        if not is_free(need.port):
            by = holder(need.port)
            lines.append(
                f"Port {need.port} ({need.what}) is taken{f' by {by}' if by else ''}: "
                f"stop that program, or choose another port with {need.setting}=…"
            )
    if lines:
        raise PortTaken("\n".join(lines))


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback address."""
    with socket.socket() as client:
        # BSD lets a server bind 127.0.0.1 beside another one on every address, so ask by calling too.
        client.settimeout(0.5)
        if client.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as server:
        # As servers do: a connection of the last run that lingers in TIME_WAIT is no obstacle.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except OSError:
            return False
    return True


def holder(port: int) -> str | None:
    """Describe the program listening on a port; None when the system does not tell us."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, OSError):
        return None  # macOS tells only root
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
            continue
        if connection.laddr.port == port:
            return _described(connection.pid)
    return None


def _described(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        name = f"{process.name()} (pid {pid})"
        home = process.environ().get(MARKER)
    except psutil.NoSuchProcess:
        return None
    except (psutil.AccessDenied, OSError):
        return f"pid {pid}"
    return f"{name} of another Regesta, {home}" if home else name


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        port: int = server.getsockname()[1]
        return port


def free_block(name: str, count: int, avoid: Collection[int]) -> int:
    """Return the first port of a free block; two names start their search far apart.

    So two stacks on one machine rarely meet even when one was set up while the other was down.
    """
    blocks = (_LAST - _FIRST) // _STEP
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % blocks
    for offset in range(blocks):
        base = _FIRST + (start + offset) % blocks * _STEP
        block = range(base, base + count)
        if not set(block) & set(avoid) and all(is_free(port) for port in block):
            return base
    raise PortTaken(f"No {count} ports in a row are free between {_FIRST} and {_LAST}.")
