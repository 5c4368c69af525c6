"""Processes of a home are found by their environment, and those that are watched are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from regesta.stack.leftovers import SERVICE, find_leftovers, stop_processes
from regesta.stack.ports import MARKER

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, MARKER: str(tmp_path), SERVICE: "serving"}
    with subprocess.Popen([sys.executable, "-c", STUBBORN], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_found_by_home_and_service(stubborn: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert [process.pid for process in find_leftovers(tmp_path)] == [stubborn.pid]
    assert [process.pid for process in find_leftovers(tmp_path, "serving")] == [stubborn.pid]
    assert find_leftovers(tmp_path, "s3") == []
    assert find_leftovers(tmp_path / "other") == []
    assert find_leftovers(tmp_path, watched=[stubborn.pid]) == []


def test_one_that_will_not_stop_is_killed(stubborn: subprocess.Popen[bytes]) -> None:
    stop_processes([psutil.Process(stubborn.pid)], signal.SIGTERM, seconds=0.3)
    assert not psutil.pid_exists(stubborn.pid)
