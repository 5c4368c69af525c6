"""A real supervisor with two small services: started, killed, repaired, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from regesta.stack import lifecycle, status
from regesta.stack.command import Command
from regesta.stack.errors import PortTaken, ServiceFailed
from regesta.stack.health import http_problem
from regesta.stack.leftovers import find_leftovers
from regesta.stack.lifecycle import Stack, exclusive, shut_down
from regesta.stack.parts import UP_TO_DATE
from regesta.stack.ports import HOST, Need, free_port
from regesta.stack.services import Service
from regesta.stack.settings import StackSettings

NAMES = ("first", "second")
# Each has a child, as Airflow's programs do: what a killed parent leaves must go too.
PROGRAM = """
import http.server, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""


def small_service(settings: StackSettings, name: str, port: int, program: str = PROGRAM) -> Service:
    def problem() -> str | None:
        return http_problem(f"http://{HOST}:{port}/")

    return Service(
        name=name,
        command=Command((sys.executable, "-c", program, str(port)), settings.home, stop_seconds=2),
        log=settings.logs / f"{name}.log",
        ports=(Need(port, name, f"REGESTA_{name.upper()}_PORT"),),
        ready=lambda _: problem(),
        seconds=20,
        glance=problem,
    )


@pytest.fixture
def settings() -> Iterator[StackSettings]:
    home = Path(tempfile.mkdtemp(prefix="regesta test "))
    settings = StackSettings(_env_file=None, home=home, postgres="external", s3="external")
    settings.run.mkdir(mode=0o700)
    yield settings
    shut_down(settings)
    assert find_leftovers(home) == []
    shutil.rmtree(home)


@pytest.fixture
def stack(settings: StackSettings, monkeypatch: pytest.MonkeyPatch) -> Stack:
    table = {name: small_service(settings, name, free_port()) for name in NAMES}
    monkeypatch.setattr(lifecycle, "services", lambda _: table)
    monkeypatch.setattr(status, "services", lambda _: table)
    monkeypatch.setattr(status, "_external", lambda _: ())
    return Stack(settings)


def bring_up(stack: Stack) -> list[str | None]:
    stack.take_charge(NAMES)
    return [stack.start(name) for name in NAMES]


def states(stack: Stack) -> dict[str, str]:
    return {found.name: found.state for found in status.examine(stack.settings)}


def pid_of(stack: Stack, name: str) -> int:
    return stack.supervisor.state(name).pid


def test_up_twice_starts_once_and_down_leaves_nothing(stack: Stack) -> None:
    assert bring_up(stack) == [None, None]
    before = {name: pid_of(stack, name) for name in NAMES}
    assert bring_up(stack) == [UP_TO_DATE, UP_TO_DATE]
    assert {name: pid_of(stack, name) for name in NAMES} == before
    assert all(found.healthy for found in status.examine(stack.settings))
    assert shut_down(stack.settings) == list(NAMES)
    assert find_leftovers(stack.settings.home) == []
    assert shut_down(stack.settings) == []
    assert states(stack) == dict.fromkeys(NAMES, "stopped")


def test_a_killed_service_is_named_and_started_again_with_its_children_gone(stack: Stack) -> None:
    bring_up(stack)
    process = psutil.Process(pid_of(stack, "second"))
    [child] = process.children()
    kept = pid_of(stack, "first")
    process.kill()
    _wait(lambda: states(stack)["second"] == "dead")
    found = {one.name: one for one in status.examine(stack.settings)}
    assert found["second"].note.startswith("killed by signal 9 (SIGKILL) at ")
    assert "`make up` starts it again" in found["second"].note
    assert bring_up(stack) == [UP_TO_DATE, None]
    assert not child.is_running()
    assert pid_of(stack, "first") == kept


def test_a_killed_supervisor_is_noticed_and_replaced(stack: Stack) -> None:
    bring_up(stack)
    orphans = {name: pid_of(stack, name) for name in NAMES}
    os.kill(int((stack.settings.run / "supervisord.pid").read_text()), signal.SIGKILL)
    _wait(lambda: states(stack) == dict.fromkeys(NAMES, "orphaned"))
    assert bring_up(stack) == [None, None]
    assert not any(psutil.pid_exists(pid) for pid in orphans.values())


def test_one_that_hangs_is_restarted(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_HANGING_SECONDS", 0.5)
    monkeypatch.setattr("regesta.stack.health._SECONDS", 0.5)
    bring_up(stack)
    hanging = pid_of(stack, "first")
    os.kill(hanging, signal.SIGSTOP)
    assert {found.name: found.health for found in status.examine(stack.settings)} == {
        "first": "failing",
        "second": "ok",
    }
    assert bring_up(stack) == [None, UP_TO_DATE]
    assert pid_of(stack, "first") != hanging


def test_changed_settings_restart_what_they_concern(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(stack)
    before = pid_of(stack, "first")
    monkeypatch.setenv("REGESTA_LOG_LEVEL", "DEBUG")
    assert bring_up(stack) == [None, None]
    assert pid_of(stack, "first") != before


def test_a_taken_port_is_found_before_anything_starts(stack: Stack) -> None:
    port = stack.services["second"].ports[0].port
    with small_service(stack.settings, "other", port).command.running(stack.settings.home / "other.log"):
        _wait(lambda: http_problem(f"http://{HOST}:{port}/") is None)
        with pytest.raises(PortTaken, match=rf"Port {port} \(second\) is taken by .*REGESTA_SECOND_PORT"):
            stack.take_charge(NAMES)
    assert not stack.supervisor.running()


def test_one_that_dies_at_start_shows_the_end_of_its_log(stack: Stack) -> None:
    broken = small_service(stack.settings, "first", free_port(), "raise SystemExit('the model is missing')")
    stack.services["first"] = broken
    stack.take_charge(NAMES)
    with pytest.raises(ServiceFailed, match=r"first stopped while starting[\s\S]*the model is missing"):
        stack.start("first")


def test_one_command_at_a_time(settings: StackSettings) -> None:
    with (
        exclusive(settings),
        pytest.raises(Exception, match=rf"Another command \(pid {os.getpid()}\)"),
        exclusive(settings, seconds=0.2),
    ):
        pass


def _wait(condition: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)
