"""What set-up has already done, so that the next run can pass over it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path

from regesta.stack.settings import StackSettings

_LOCK = threading.Lock()


def read(settings: StackSettings, part: str) -> str | None:
    """Return what was stamped for a part last; None when it was never done."""
    return _all(settings).get(part)


def write(settings: StackSettings, part: str, value: str) -> None:
    """Stamp a part as done for a state of the world: versions, checksums, a database's identity."""
    with _LOCK:  # parts run at the same time
        path = _path(settings)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({**_all(settings), part: value}, indent=2))
        draft.replace(path)


def checksum(files: Iterable[Path]) -> str:
    """Return one checksum of many files, their names included."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(str(path).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _all(settings: StackSettings) -> dict[str, str]:
    try:
        stamps: dict[str, str] = json.loads(_path(settings).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stamps


def _path(settings: StackSettings) -> Path:
    return settings.home / "stamps.json"
