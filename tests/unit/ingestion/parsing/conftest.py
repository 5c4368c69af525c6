"""A pool whose children do what the document says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.parsing.sandbox import ParserPool, SandboxLimits

MIB = 2**20
LIMITS = SandboxLimits(
    memory_bytes=600 * MIB, cpu_seconds=2, wall_seconds=4, output_bytes=MIB, file_bytes=8 * MIB, documents_per_worker=5
)


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have children of pools run commands instead of parsers."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "probe"))


@pytest.fixture
def pool(probes: None) -> Iterator[ParserPool]:
    """One child under tight limits."""
    with ParserPool(LIMITS) as pool:
        yield pool


@pytest.fixture
def ask(pool: ParserPool) -> Callable[[str], Any]:
    """Have the child run a command; return what it saw."""

    def run(command: str) -> Any:
        return json.loads(pool.parse(command.encode(), "probe").elements[0].text)

    return run
