"""A whole stack of its own: every service real, other ports, a home in a temporary folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from corpus.settings import ROOT, regesta_home
from regesta.stack.ports import free_port


class Stack:
    """The command line of one stack."""

    def __init__(self, home: Path, machine: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGESTA_", "AIRFLOW"))}
        ports = {f"REGESTA_{name}_PORT": str(free_port()) for name in ("API", "AIRFLOW", "POSTGRES", "S3")}
        self.environment = {
            **kept,
            **ports,
            "REGESTA_HOME": str(home),
            "REGESTA_DBT_EXECUTABLE": str(machine / "dbt-venv" / "bin" / "dbt"),
        }

    def run(self, *words: str, expect: int | None = 0) -> str:
        """Run `regesta …` and return everything it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "regesta.cli", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        output = done.stdout + done.stderr
        if expect is not None:
            assert done.returncode == expect, f"regesta {' '.join(words)} → {done.returncode}\n{output}"
        return output

    def json(self, *words: str, expect: int = 0) -> Any:
        """Run `regesta … --json` and return what it printed, parsed."""
        done = subprocess.run(
            [sys.executable, "-m", "regesta.cli", *words, "--json"],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        assert done.returncode == expect, f"{words} → {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)


@contextmanager
def acting_as(stack: Stack) -> Iterator[None]:
    """Act as the stack's own programs do: with its environment, and no other."""
    with patch.dict(os.environ, stack.environment, clear=True):
        yield


@pytest.fixture(scope="session")
def stack(model: Path) -> Iterator[Stack]:
    """Start a whole stack; the embedding model is the one built for this machine."""
    machine = regesta_home()
    # Not pytest's own folder: root's Postgres runs as another user, who may not enter that one.
    home = Path(tempfile.mkdtemp(prefix="regesta-acceptance-", dir="/tmp"))
    home.chmod(0o711)
    (home / "models").symlink_to(model.parent)
    stack = Stack(home, machine)
    try:
        stack.run("up")
        yield stack
    finally:
        stack.run("down", expect=None)
        shutil.rmtree(home, ignore_errors=True)
