"""Keys from the command line, against a real Postgres."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from regesta.commands import keys
from serving.settings import ServingSettings

Run = Callable[..., Any]


@pytest.fixture
def run(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    found = settings(ServingSettings)
    monkeypatch.setattr("serving.settings.ServingSettings", lambda: found)

    def call(*arguments: object) -> Any:
        result = CliRunner().invoke(keys.app, [*map(str, arguments), "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return call


def test_a_key_is_made_rotated_listed_and_revoked(run: Run) -> None:
    made = run("create", "robot", "--tenant", "acme", "--group", "hr", "--scope", "search", "--expires", "2099-01-01",
               "--requests-per-minute", 5)  # fmt: skip
    assert (made["scopes"], made["expires_at"]) == (["search"], "2099-01-01 00:00:00+00:00")
    rotated = run("rotate", made["key"][:10], "--tenant", "acme", "--overlap-hours", 2)
    new, old = run("list", "--tenant", "acme")
    assert (new["rotated_from"], new["requests_per_minute"], new["access_groups"]) == (old["id"], 5, ["hr"])
    assert new["prefix"] == rotated["key"][:10] != old["prefix"]
    assert {new["state"], old["state"]} == {"valid"} and old["expires_at"] < new["expires_at"]
    assert run("revoke", new["id"], "--tenant", "acme") == {"id": new["id"], "state": "revoked"}
    assert run("list", "--tenant", "acme")[0]["state"] == "revoked"
    assert made["key"] not in json.dumps(run("list", "--tenant", "acme"))
    assert run("list", "--tenant", "other") == []
