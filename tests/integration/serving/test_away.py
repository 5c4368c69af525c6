"""A database that is away: callers are told after the pool's timeout, once, whatever they asked."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.outage import out_of_reach

TIMEOUT = 1.5
LONGER = 1.5
"""So long that pauses which double each time would be longer than anybody waits."""


@pytest.mark.parametrize("path", ["/v1/search", "/v1/ask"])
def test_a_caller_waits_for_a_connection_once(serving: Any, handbook: None, database: Any, path: str) -> None:
    asked = {"query": "password"} if path == "/v1/search" else {"question": "password"}
    with serving(generator="extractive", pool_timeout=TIMEOUT) as client:
        assert client.post(path, json=asked).status_code == 200
        with out_of_reach(database):
            client.post(path, json=asked)  # finds the connections broken, and has them looked at
            began = time.monotonic()
            reply = client.post(path, json=asked)
            seconds = time.monotonic() - began
            time.sleep(LONGER)
        assert (reply.status_code, reply.json()["type"]) == (503, "urn:regesta:problem:database-unavailable")
        assert seconds < TIMEOUT * 1.9, "twice would be at least 2"
        assert client.post(path, json=asked).status_code == 200
