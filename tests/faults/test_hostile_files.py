"""A folder of hostile files through a real pool: each has its reason, no child crashes, memory stays bounded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Thread

import psutil
import pytest

from corpus.media_types import media_type
from ingestion.errors import Unparseable
from ingestion.items import Parsed
from ingestion.parsing.sandbox import ParserPool, SandboxLimits
from tests.faults.hostile_files import HostileFile, hostile_files

LIMITS = SandboxLimits(memory_bytes=1280 * 2**20, cpu_seconds=4, wall_seconds=20)
START_SECONDS = 20
"""A new child may have to start before a document's own time begins; generous on a busy machine."""
GOOD = "# 제목\n\nA good document. 좋은 문서입니다.\n".encode()
FILES = {file.name: file for file in hostile_files()}


@dataclass(frozen=True)
class Outcome:
    """What became of one file, and of a good document right after it."""

    kind: str
    reason: str
    seconds: float
    parsed: Parsed | None
    good: Parsed


@dataclass
class Watch:
    """The largest resident memory any child had."""

    peak_bytes: int = 0

    def run(self, done: Event) -> None:
        """Look at the children until told to stop."""
        own = psutil.Process().cmdline()
        while not done.wait(0.02):
            for child in psutil.Process().children(recursive=True):
                try:
                    if child.cmdline() != own:  # until it runs its own program it shares this process's memory
                        self.peak_bytes = max(self.peak_bytes, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue


def outcome(pool: ParserPool, file: HostileFile) -> Outcome:
    started = time.monotonic()
    parsed = None
    try:
        parsed = pool.parse(file.data, media_type(file.name, file.data))
        kind, reason = "parsed", ""
    except Unparseable as error:
        kind, reason = error.kind, str(error)
    seconds = time.monotonic() - started
    return Outcome(kind, reason, seconds, parsed, pool.parse(GOOD, "text/markdown"))


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="module")
def outcomes(watch: Watch) -> Iterator[dict[str, Outcome]]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    done = Event()
    watcher = Thread(target=watch.run, args=(done,))
    watcher.start()
    try:
        with ParserPool(LIMITS, size=2) as pool, ThreadPoolExecutor(2) as threads:
            results = threads.map(lambda file: outcome(pool, file), FILES.values())
            yield dict(zip(FILES, results, strict=True))
    finally:
        done.set()
        watcher.join()
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_there_are_enough_of_them() -> None:
    files = hostile_files()
    assert len(files) >= 60
    assert len(FILES) == len(files)


@pytest.mark.parametrize("name", FILES)
def test_each_has_its_reason(outcomes: dict[str, Outcome], name: str) -> None:
    found = outcomes[name]
    assert found.kind in FILES[name].reasons, found.reason
    assert found.kind == "parsed" or len(found.reason) > len(found.kind) + 10
    assert found.seconds < LIMITS.wall_seconds + START_SECONDS


@pytest.mark.parametrize("name", FILES)
def test_what_is_parsed_can_be_stored(outcomes: dict[str, Outcome], name: str) -> None:
    parsed = outcomes[name].parsed
    if parsed:
        assert any(element.text.strip() for element in parsed.elements)
        stored = [element.text for element in parsed.elements] + [json.dumps([parsed.title, parsed.metadata])]
        assert not any("\x00" in text or "\\u0000" in text for text in stored)


def test_no_child_crashes(outcomes: dict[str, Outcome]) -> None:
    assert [name for name, found in outcomes.items() if found.kind == "crashed"] == []


def test_a_good_document_is_parsed_after_each(outcomes: dict[str, Outcome]) -> None:
    expected = [("heading", "제목"), ("text", "A good document. 좋은 문서입니다.")]
    for name, found in outcomes.items():
        assert [(element.kind, element.text) for element in found.good.elements] == expected, name


def test_memory_of_the_children_is_bounded(outcomes: dict[str, Outcome], watch: Watch) -> None:
    assert 0 < watch.peak_bytes <= LIMITS.memory_bytes
