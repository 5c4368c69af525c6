"""The parser pool: every limit ends in a typed reason, the pool goes on, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from corpus.media_types import DOCX
from ingestion.errors import IngestionError, Unparseable
from ingestion.items import Parsed
from ingestion.parsing.sandbox import ParserPool, SandboxLimits
from ingestion.parsing.sandbox_process import ParserProcess, environment
from tests.unit.ingestion.parsing.conftest import LIMITS
from tests.unit.ingestion.parsing.test_word import document

Ask = Callable[[str], Any]
ROOT = Path(__file__).parents[4]


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def parser_children() -> list[int]:
    return [
        child.pid
        for child in psutil.Process().children(recursive=True)
        if is_running(child.pid) and "ingestion.parsing.worker" in child.cmdline()
    ]


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        ("sleep 60", "timeout", "within 4 s"),
        ("keep 4000", "memory", "memory"),
        ("fail memory", "memory", "memory"),
        ("abort", "memory", "memory"),
        ("segfault", "crashed", "SIGSEGV"),
        ("die", "crashed", "exit code 3): the heap is on fire"),
        ("text 3000000", "too_large", "1,048,576 bytes"),
        ("write 20", "too_large", "temporary file"),
        ("surrogate", "encoding", "not Unicode"),
    ],
)
def test_a_broken_limit_is_a_typed_reason_and_the_pool_goes_on(
    pool: ParserPool, ask: Ask, command: str, kind: str, words: str
) -> None:
    with pytest.raises(Unparseable, match=kind) as caught:
        ask(command)
    assert caught.value.kind == kind
    assert words in str(caught.value)
    assert ask("pid") in parser_children()


def test_processor_time_is_limited_apart_from_the_clock(probes: None) -> None:
    with ParserPool(replace(LIMITS, wall_seconds=120)) as pool:
        with pytest.raises(Unparseable, match="timeout: parsing it took more than 2 s of processor time"):
            pool.parse(b"spin", "probe")
        assert pool.parse(b"pid", "probe")


def test_parse_returns_what_the_child_parsed() -> None:
    with ParserPool() as pool:
        parsed = pool.parse("# 제목\n\n본문 text".encode(), "text/markdown")
    assert isinstance(parsed, Parsed)
    assert [(element.kind, element.text) for element in parsed.elements] == [("heading", "제목"), ("text", "본문 text")]


def test_what_a_library_prints_does_not_reach_the_protocol(ask: Ask) -> None:
    assert ask("print") == 9
    assert ask("pid")


def test_the_zero_character_is_replaced_because_no_database_stores_it(pool: ParserPool) -> None:
    parsed = pool.parse(b"zero", "probe")
    assert parsed.elements[0].text == "a\ufffdb \\u0000 \\\ufffd"


def test_a_child_is_reused_and_replaced_after_its_share(ask: Ask) -> None:
    pids = [ask("pid") for _ in range(11)]
    assert pids[0:5] == pids[0:1] * 5
    assert pids[5:10] == pids[5:6] * 5
    assert len(set(pids)) == 3


def test_a_child_that_keeps_half_of_its_memory_is_replaced(ask: Ask) -> None:
    first = ask("pid")
    ask("keep 350")
    assert ask("pid") != first


def test_a_child_leaves_no_file_to_the_next_document(ask: Ask) -> None:
    ask("write 1")
    assert ask("files") == []


def test_a_timeout_ends_the_programs_a_parser_started(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(Unparseable, match="timeout"):
        ask(f"grandchild {tmp_path / 'pid'}")
    assert ends(int((tmp_path / "pid").read_text()))


def test_a_child_that_dies_idle_costs_no_document(ask: Ask) -> None:
    child = ask("pid")
    os.kill(child, signal.SIGKILL)
    assert ends(child)
    assert ask("pid") != child


def test_a_missing_library_is_no_fault_of_the_document(ask: Ask) -> None:
    with pytest.raises(IngestionError, match="library is missing") as caught:
        ask("fail import")
    assert not isinstance(caught.value, Unparseable)


def test_a_child_that_cannot_start_is_no_fault_of_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('half of the installation is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(IngestionError, match="half of the installation is missing"), ParserPool():
        pass
    assert parser_children() == []


def test_what_a_child_said_before_anybody_listened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('half of the installation is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    child = ParserProcess(LIMITS)
    deadline = time.monotonic() + 20
    while parser_children() and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(IngestionError, match="half of the installation is missing"):
        assert child.ready


def test_threads_share_the_children(probes: None) -> None:
    with ParserPool(SandboxLimits(), size=2) as pool, ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda n: pool.parse(b"text %d" % n, f"type-{n}"), range(1, 60)))
        assert len(parser_children()) == 2
    assert [(len(parsed.elements[0].text) - 2, parsed.title) for parsed in texts] == [
        (n, f"type-{n}") for n in range(1, 60)
    ]


def test_a_large_document_passes_the_pipe(probes: None) -> None:
    with ParserPool() as pool:
        parsed = pool.parse(b"text 50000000" + b" " * 50_000_000, "probe")
    assert len(parsed.elements[0].text) == 50_000_002


def test_close_leaves_no_process_and_no_file(probes: None) -> None:
    folders = {path.name for path in Path(tempfile.gettempdir()).glob("regesta-parser-*")}
    with ParserPool(size=2) as pool, ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda n: pool.parse(b"sleep 0.3", "probe"), range(2)))
    assert parser_children() == []
    assert {path.name for path in Path(tempfile.gettempdir()).glob("regesta-parser-*")} <= folders
    with pytest.raises(IngestionError, match="closed"):
        pool.parse(b"pid", "probe")


def test_libraries_that_no_parser_needs_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Word parser's language library imports torch where it is installed: too large to keep the child after."""
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with ParserPool() as pool:
        pool.parse(document(), DOCX)
        (child,) = parser_children()
        pool.parse(document(), DOCX)
        assert parser_children() == [child]


def test_close_ends_busy_children_and_blames_no_document(probes: None) -> None:
    pool = ParserPool()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(pool.parse, b"sleep 60", "probe") for _ in range(2)]
        while not parser_children():
            time.sleep(0.02)
        started = time.monotonic()
        closer = threading.Timer(0.5, pool.close)
        closer.start()
        errors = [future.exception(timeout=20) for future in waiting]
        closer.join()
    assert time.monotonic() - started < 10
    assert all(isinstance(error, IngestionError) and not isinstance(error, Unparseable) for error in errors), errors
    assert parser_children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a child ends when it next reads its pipe")
def test_a_busy_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys, threading, time, psutil\n"
        "from ingestion.parsing.sandbox import ParserPool\n"
        "with ParserPool() as pool:\n"
        "    threading.Thread(target=pool.parse, args=(b'sleep 60', 'probe'), daemon=True).start()\n"
        "    time.sleep(0.5)\n"
        "    sys.stdout.write(f'{psutil.Process().children()[0].pid}\\n'); sys.stdout.flush()\n"
        "    time.sleep(60)\n"
    )
    probe = str(Path(__file__).parent / "probe")
    variables = environment(str(tmp_path)) | {"PYTHONPATH": os.pathsep.join([probe, str(ROOT)])}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=variables) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    assert ends(child)
