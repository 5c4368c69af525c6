"""Processes of a home are found by their environment, and those that are watched are left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from regesta.stack.leftovers import find_leftovers, remember_session, stop_processes
from regesta.stack.ports import MARKER

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def started(home: Path | None) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **({MARKER: str(home)} if home else {})}
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with started(tmp_path) as process:
        yield process
        process.kill()


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One without the mark in its environment: what a program that hides its own looks like."""
    with started(None) as process:
        (tmp_path / "run").mkdir()
        remember_session(tmp_path / "run", process.pid)
        yield process
        process.kill()


def pids(home: Path, *watched: int) -> list[int]:
    return [process.pid for process in find_leftovers(home, watched)]


def test_found_by_its_environment(stubborn: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert pids(tmp_path) == [stubborn.pid]
    assert pids(tmp_path / "other") == []


def test_found_by_its_session(hidden: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert pids(tmp_path) == [hidden.pid]
    assert pids(tmp_path / "other") == []


def test_watched_ones_and_their_groups_are_left_alone(stubborn: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert pids(tmp_path, stubborn.pid) == []
    assert pids(tmp_path, os.getpid()) == []


@pytest.mark.parametrize("change", [{"boot": 1.0}, {"started": 1.0}])
def test_a_session_number_that_became_anothers_is_forgotten(
    hidden: subprocess.Popen[bytes], tmp_path: Path, change: dict[str, float]
) -> None:
    path = tmp_path / "run" / "session.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert pids(tmp_path) == []


def test_one_that_will_not_stop_is_killed(stubborn: subprocess.Popen[bytes]) -> None:
    stop_processes([psutil.Process(stubborn.pid)], signal.SIGTERM, seconds=0.3)
    assert not psutil.pid_exists(stubborn.pid)
