"""The caches from the command line, against a real Postgres."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from regesta.commands import cache
from serving.settings import ServingSettings


def test_a_threshold_is_calibrated_shown_and_kept(
    settings: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settings(ServingSettings)
    monkeypatch.setattr("serving.settings.ServingSettings", lambda: found)
    lines = ["question,other,same"]
    for number in range(150):
        lines.append(f"How do I open door {number}?,how can i open door {number},1")
        lines.append(f"How do I open door {number}?,When does shop {number} close?,0")
    (tmp_path / "pairs.csv").write_text("\n".join(lines), "utf-8")

    def call(*arguments: object) -> Any:
        result = CliRunner().invoke(cache.app, [*map(str, arguments), "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    proved = call("calibrate", tmp_path / "pairs.csv", "--domain", "doors", "--precision", 0.97)
    assert proved["lower_bound"] >= 0.97 and proved["pair_count"] == 300
    assert [row["domain"] for row in call("status")["thresholds"]] == ["doors"]
    assert call("clear")["state"] == "cleared"
    assert [row["domain"] for row in call("status")["thresholds"]] == ["doors"]
