"""Where public data for benchmarks lies; it is no part of the project."""

from __future__ import annotations

import os
from pathlib import Path

from corpus.settings import ROOT


def folder(name: str) -> Path | None:
    """Return the folder of one data set, or None (and say so) when it is not there.

    Data sets lie below `REGESTA_BENCH_DATA`; unset, below `../shared/data` beside the checkout.
    """
    base = Path(os.environ.get("REGESTA_BENCH_DATA") or ROOT.parent / "shared" / "data")
    found = base / name
    if found.is_dir():
        return found
    print(f"skipped: there is no data set {found}; set REGESTA_BENCH_DATA to the folder that holds {name}/")
    return None
