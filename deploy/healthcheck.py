"""The containers' health check: does a page answer and, if a component is named, does it report it healthy?

usage: python deploy/healthcheck.py URL [COMPONENT]
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

SECONDS = 5


def problem(url: str, component: str | None = None) -> str | None:
    """Return what is wrong, in words; None when nothing is."""
    # No proxy: the page is inside the same network, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=SECONDS) as response:
            report = json.load(response)
    except (OSError, ValueError) as error:
        reason = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
        return f"{url}: {error} {reason}".strip()
    if component is None:
        return None
    state = report.get(component, {}).get("status")
    return None if state == "healthy" else f"{component}: {state or 'never seen'}"


if __name__ == "__main__":
    sys.exit(problem(*sys.argv[1:]))
