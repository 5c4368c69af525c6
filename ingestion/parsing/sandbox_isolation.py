"""Confine the calling process: resource limits, no network, no new privileges, no life after its parent's.

Everything is done by the child to itself, before it sees a document: nothing has to run between fork and exec,
where a parent with threads may not do much.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from ingestion.parsing.sandbox_protocol import Network, Ready, SandboxLimits
from ingestion.parsing.sandbox_seccomp import forbid_sockets

OPEN_FILES = 256
PROCESSES = 64
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def confine(limits: SandboxLimits) -> Ready:
    """Give up everything a parser does not need; return what the system granted of it.

    Call it while the process has one thread: the kernel gives no user namespace to more.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    network = close_network()
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_AS": limits.memory_bytes,
    }
    if network == "namespace" and os.getuid() != 0:  # elsewhere the user's processes outside would count too
        wanted["RLIMIT_NPROC"] = PROCESSES
    return Ready(network, tuple(name for name, value in wanted.items() if not _limit(name, value)))


def allow_cpu(seconds: int) -> None:
    """Let this process use so much processor time from now on; beyond, the kernel ends it with SIGXCPU."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(usage.ru_utime + usage.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def close_network() -> Network:
    """Cut this process and its children off from every network, by the strongest means the system grants.

    A namespace of its own has no interface that is up, but sockets in the file system (a database's, a
    container engine's) stay within reach; the seccomp filter closes those too, so both are asked for. Where
    neither is granted, Python's own audit hook remains, which does not bind other programs.
    """
    has_namespace = sys.platform == "linux" and _enter_network_namespace()
    has_filter = sys.platform == "linux" and forbid_sockets()
    if not has_filter:
        sys.addaudithook(_refuse_sockets)
    return "namespace" if has_namespace else "seccomp" if has_filter else "audit hook"


def _enter_network_namespace() -> bool:
    """Move into an empty network namespace; who is not root needs a user namespace around it."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        return bool(libc.unshare(_CLONE_NEWNET) == 0)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    proc = Path("/proc/self")
    try:  # keep the same numbers inside, so that looking up the user still works
        (proc / "setgroups").write_text("deny")
        (proc / "uid_map").write_text(f"{uid} {uid} 1")
        (proc / "gid_map").write_text(f"{gid} {gid} 1")
    except OSError:
        pass  # the namespace holds without names for its users; they show up as nobody
    return True


def _refuse_sockets(event: str, _arguments: tuple[Any, ...]) -> None:
    if event.startswith("socket."):
        raise PermissionError("a parser has no network")


def _limit(name: str, value: int) -> bool:
    """Set a resource limit, soft and hard; whether the system accepted it."""
    which = getattr(resource, name)
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(which, (value, value))
    except (ValueError, OSError):
        return False
    return True
