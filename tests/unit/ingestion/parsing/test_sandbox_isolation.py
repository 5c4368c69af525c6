"""What a child cannot do: reach a network, see the environment, gain privileges, raise its limits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingestion.parsing.sandbox import ParserPool
from ingestion.parsing.sandbox_process import environment
from tests.unit.ingestion.parsing.conftest import LIMITS

Ask = Callable[[str], Any]
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means are Linux's")


@pytest.fixture
def server() -> Iterator[int]:
    """A port that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def unix_server(tmp_path: Path) -> Iterator[Path]:
    """A socket in the file system that accepts connections."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()
        yield tmp_path / "socket"


def run(script: str, *arguments: str) -> str:
    """Run a script in a process of its own; return what it printed."""
    root = str(Path(__file__).parents[4])
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60,
        env=environment("/tmp") | {"PYTHONPATH": root}, check=False,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


def test_a_child_reaches_no_server(ask: Ask, server: int) -> None:
    socket.create_connection(("127.0.0.1", server), timeout=3).close()
    assert ask(f"connect tcp 127.0.0.1 {server}") in ("OSError", "PermissionError", "ConnectionRefusedError")


@only_linux
def test_programs_a_child_starts_reach_no_server(pool: ParserPool, ask: Ask, server: int) -> None:
    assert pool.network_isolation in ("namespace", "seccomp")
    assert ask(f"connect-program 127.0.0.1 {server}") != 0


def test_a_child_reaches_no_socket_in_the_file_system(ask: Ask, unix_server: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(unix_server))
    assert ask(f"connect unix {unix_server}") == "PermissionError"


TRY = """
import ctypes, encodings.idna, os, socket, sys
from ingestion.parsing import sandbox_isolation as isolation
from ingestion.parsing.sandbox_protocol import SandboxLimits
{prepare}
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=3)
    print(network, "connected")
except OSError as error:
    print(network, "refused")
"""
NO_NAMESPACE = "isolation._enter_network_namespace = lambda: False\n"
NO_FILTER = "isolation.forbid_sockets = lambda: False\n"
CONFINE = "network = isolation.confine(SandboxLimits()).network"
UNPRIVILEGED = """
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable again, as a process is that was never root
"""
NAMESPACE = "network = 'namespace' if isolation._enter_network_namespace() else 'not granted'"


@only_linux
@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        ("network = 'nothing'", ["nothing connected"]),
        (NAMESPACE, ["namespace refused", "not granted connected"]),
        (NO_NAMESPACE + CONFINE, ["seccomp refused", "audit hook refused"]),
        (NO_NAMESPACE + NO_FILTER + CONFINE, ["audit hook refused"]),
        (UNPRIVILEGED + NAMESPACE, ["namespace refused", "not granted connected"]),
        (UNPRIVILEGED + CONFINE, ["namespace refused", "seccomp refused", "audit hook refused"]),
    ],
    ids=["none", "namespace", "seccomp", "audit hook", "namespace of an ordinary user", "ordinary user"],
)
def test_every_means_alone_closes_the_network(server: int, prepare: str, expected: list[str]) -> None:
    assert run(TRY.format(prepare=prepare), str(server)) in expected


def test_a_childs_environment_is_empty(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGESTA_SECRET", "hidden")
    ask("pid")
    seen = ask("environment")
    allowed = {"PATH", "PYTHONPATH", "LANG", "LC_CTYPE", "HOME", "TMPDIR", "TESSDATA_PREFIX", "MALLOC_ARENA_MAX"}
    assert set(seen) <= allowed | {"OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"}
    assert seen["HOME"] == seen["TMPDIR"] != os.environ.get("HOME")


@only_linux
def test_a_childs_limits_are_hard(pool: ParserPool, ask: Ask) -> None:
    child = psutil.Process(ask("pid"))
    assert pool.unenforced == ()
    assert child.rlimit(psutil.RLIMIT_AS) == (LIMITS.memory_bytes, LIMITS.memory_bytes)
    assert child.rlimit(psutil.RLIMIT_FSIZE) == (LIMITS.file_bytes, LIMITS.file_bytes)
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_CPU)[0] <= 60


@only_linux
def test_a_child_gains_no_privileges_and_has_a_session_of_its_own(ask: Ask) -> None:
    status = dict(line.split(":\t", 1) for line in ask("status").splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert os.getsid(ask("pid")) != os.getsid(0)
