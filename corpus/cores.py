"""How many cores this process may use, which a container can limit."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Return the cores this process may use; not every system knows, then all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
