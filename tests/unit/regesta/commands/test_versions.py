"""`regesta versions restore` refuses what it cannot do, before it touches anything."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ingestion.errors import IngestionError
from regesta.commands.versions import app

RUN = "01a215dd-c352-7257-99eb-f1a87664be95"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name a document"),
        (["--run", RUN, "--until", "2020-01-01T00:00:00"], "future"),
        (["--run", RUN, "--version", "1"], "--version"),
        (["leave.md", "--run", RUN], "no document"),
        (["leave.md", "--until", "2020-01-01T00:00:00"], "future"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.commands.versions._connect", lambda: pytest.fail("it connected"))
    error = CliRunner().invoke(app, ["restore", *arguments]).exception
    assert isinstance(error, IngestionError)
    assert told in str(error)


@pytest.mark.parametrize("blank", ["", "  ", "\t\0"])
def test_a_reason_of_blanks_is_none(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regesta.commands.versions._connect", lambda: pytest.fail("it connected"))
    told = CliRunner().invoke(app, ["restore", "leave.md", "--reason", blank])
    assert told.exit_code == 2 and "Say why" in told.output
