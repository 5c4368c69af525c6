"""From a fresh clone to the first cited answer: `make demo`, once with empty package caches, then with warm ones."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.report import Bar, report, spread
from corpus.settings import ROOT
from regesta.stack.ports import free_port

LIMIT_SECONDS = 300
PAGE = ROOT / "docs" / "benchmarks" / "demo.md"
MARKS = (
    ("install", "✓ install project"),
    ("set up and start", "Everything is up"),
    ("ingest", "2. Airflow"),
    ("first cited answer", "  [1]"),
)
"""A part lasts until the line that begins like this."""
MADE_FASTER = """\
What was made faster: the parts of the set-up run side by side, and bytecode is compiled at installation (Airflow
starts in 3 CPU-seconds instead of 5); SeaweedFS elects itself in 0.4 s, so it is ready in 2–3 s instead of 8; Airflow's
migration and pool are one process instead of two; the scheduler looks for the next task every 0.2 s, so a step of a run
follows the one before within 0.4 s instead of 1; texts are embedded side by side on the cores by an int8 model.
"""
OVERLAPPING = ("model", "dbt", "airflow metadata", "serving", "airflow-api-server")
"""Parts inside "set up and start" that run side by side."""


def run(repeats: int) -> bool:
    """Measure one cold run and `repeats` warm ones, and write the table into the documentation."""
    cold = _demo(warm=False)
    warm = [_demo(warm=True) for _ in range(repeats)]
    figures: dict[str, object] = {f"cold: {part}": round(seconds, 1) for part, seconds in cold.items()}
    figures |= {f"warm: {part}": [once[part] for once in warm] for part in cold}
    _write_page(cold, warm)
    bars = {"seconds from clone to first cited answer, cold": Bar(round(cold["total"], 1), LIMIT_SECONDS)}
    return report("demo", figures, bars)


def _demo(warm: bool) -> dict[str, float]:
    """Clone, run `make demo` there on ports of its own, and return the seconds of each part."""
    with tempfile.TemporaryDirectory(prefix="regesta-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        clone = Path(folder) / "regesta"
        environment = _environment(Path(folder), warm)
        begun = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        try:
            parts = {"clone": time.monotonic() - begun} | _timed(clone, environment)
        finally:
            subprocess.run(["make", "-C", str(clone), "down"], env=environment, stdout=subprocess.DEVNULL, check=False)
        inside = {
            entry["name"]: entry["seconds"] for entry in json.loads((clone / ".regesta/timings.json").read_text())
        }
        total = sum(parts.values())
        return {**parts, "total": total, **{f"({name})": inside[name] for name in OVERLAPPING if name in inside}}


def _environment(folder: Path, warm: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGESTA_", "AIRFLOW", "PYTHON"))}
    ports = {f"REGESTA_{name}_PORT": str(free_port()) for name in ("API", "AIRFLOW", "POSTGRES", "S3")}
    caches = {} if warm else {"UV_CACHE_DIR": str(folder / "uv-cache"), "PIP_NO_CACHE_DIR": "1"}
    return {**kept, **ports, **caches, "PYTHONUNBUFFERED": "1"}


def _timed(clone: Path, environment: dict[str, str]) -> dict[str, float]:
    """Run the demo and return how long each part took, by the lines it prints."""
    parts: dict[str, float] = {}
    waiting = list(MARKS)
    since = time.monotonic()
    with subprocess.Popen(
        ["make", "-C", str(clone), "demo"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        output = []
        for line in process.stdout:
            output.append(line)
            if waiting and line.startswith(waiting[0][1]):
                parts[waiting.pop(0)[0]] = time.monotonic() - since
                since = time.monotonic()
    if process.returncode != 0 or waiting:
        raise RuntimeError("make demo failed:\n" + "".join(output[-40:]))
    return parts


def _write_page(cold: dict[str, float], warm: list[dict[str, float]]) -> None:
    rows = [f"| {part} | {seconds:.1f} | {spread([once[part] for once in warm])} |" for part, seconds in cold.items()]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(
        "# From a fresh clone to a cited answer\n\n"
        f"Seconds of `make demo` on {os.cpu_count()} cores, by `make bench ARGS=demo`. Cold: no package cache. Warm: "
        f"median (range) of {len(warm)} runs. Parts in brackets run side by side inside *set up and start*.\n\n"
        "| part | cold | warm |\n|---|---|---|\n" + "\n".join(rows) + "\n\n" + MADE_FASTER,
        encoding="utf-8",
    )
