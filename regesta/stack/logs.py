"""Read and follow the logs of the services."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from regesta.stack.errors import StackError
from regesta.stack.services import NAMES
from regesta.stack.settings import StackSettings

OTHERS = ("supervisord", "airflow-migrate")


def log_files(settings: StackSettings, service: str | None) -> dict[str, Path]:
    """Return the logs to show, by name: one service's, or every one's there is.

    Raises:
        StackError: There is no such service.
    """
    if service and service not in (*NAMES, *OTHERS):
        raise StackError(f"There is no service {service}. Services: {', '.join((*NAMES, *OTHERS))}.")
    found = {name: settings.logs / f"{name}.log" for name in ([service] if service else NAMES)}
    return {name: path for name, path in found.items() if path.exists()}


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a file, reading no more of it than needed."""
    if lines <= 0:
        return []
    with path.open("rb") as file:
        end = file.seek(0, 2)
        size = 8192
        while True:
            file.seek(max(0, end - size))
            block = file.read()
            if block.count(b"\n") > lines or size >= end:
                return block.decode("utf-8", errors="replace").splitlines()[-lines:]
            size *= 4


def follow(files: dict[str, Path], pause: float = 0.3) -> Iterator[tuple[str, str]]:
    """Yield new lines as they are written, with the log's name, until interrupted; survives rotation."""
    opened = {name: _at_end(path) for name, path in files.items()}
    while True:
        for name, path in files.items():
            for line in opened[name]:
                yield name, line.rstrip("\n")
            if _rotated(opened[name], path):
                opened[name].close()
                opened[name] = path.open(errors="replace")
        time.sleep(pause)


def _at_end(path: Path) -> TextIO:
    file = path.open(errors="replace")
    file.seek(0, 2)
    return file


def _rotated(file: TextIO, path: Path) -> bool:
    try:
        now, then = path.stat(), os.fstat(file.fileno())
    except OSError:
        return False
    return now.st_ino != then.st_ino or now.st_size < file.tell()


def width(names: Sequence[str]) -> int:
    """Return the width of the column of names."""
    return max(map(len, names), default=0)
