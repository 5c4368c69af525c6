"""The peers' environment: made on demand below the platform's home, from a lock of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from corpus.settings import ROOT, regesta_home

LOCK = ROOT / "requirements" / "peers.txt"
INSTALL_SECONDS, REPLAY_SECONDS = 600, 1800


def measure(folder: Path) -> dict[str, Any]:
    """Replay a data set through the peers; where they cannot be installed or run, say why instead."""
    try:
        output = run("bench.incremental_peers", [str(folder)], REPLAY_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        return {"llama-index, langchain": f"not measured: {str(detail).strip()[-600:]}"}
    outcome: dict[str, Any] = json.loads(output.splitlines()[-1])
    return outcome


def run(module: str, arguments: list[str], seconds: int, home: Path | None = None) -> str:
    """Run a module in the peers' environment and return what it printed.

    Args:
        home: Whose environment; None for the platform's, which a scratch home stands in for while it is there.

    Raises:
        OSError, subprocess.SubprocessError: The peers cannot be installed, or the module failed or took too long.
    """
    return _run([str(_python(home or regesta_home())), "-m", module, *arguments], seconds)


def package_folder(package: str, home: Path) -> Path:
    """Return where a package of the peers lies, for what is read from it without importing it.

    Raises:
        OSError, subprocess.SubprocessError: The peers cannot be installed.
    """
    code = f"from importlib.util import find_spec; print(find_spec({package!r}).submodule_search_locations[0])"
    return Path(_run([str(_python(home)), "-c", code], INSTALL_SECONDS).strip())


def _python(home: Path) -> Path:
    """Return the peers' interpreter, after installing what the lock names if that was not done yet."""
    environment = home / "peers-venv"
    python, mark = environment / "bin" / "python", environment / ".made-from-peers"
    stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not (python.exists() and mark.exists() and mark.read_text() == stamp):
        local = home / "uv" / "bin" / "uv"
        uv = str(local) if local.exists() else shutil.which("uv") or "uv"
        install = [uv, "pip", "install", "--python", str(python), "--no-deps", "--require-hashes", "-r", str(LOCK)]
        _run([uv, "venv", "--clear", "--python", sys.executable, str(environment)], INSTALL_SECONDS)
        _run(install, INSTALL_SECONDS)
        mark.write_text(stamp)
    return python


def _run(command: list[str], seconds: int) -> str:
    # Copies, because NLTK, which one peer brings along, refuses to read hard links.
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "UV_LINK_MODE": "copy", "UV_NO_PROGRESS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=seconds, check=True)
    return done.stdout
