"""The supervisor's configuration, read back the way the supervisor reads it."""

from __future__ import annotations

import dataclasses
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from supervisor.options import UnhosedConfigParser

from regesta.stack import services as table
from regesta.stack.account import Account
from regesta.stack.command import Command
from regesta.stack.errors import StackError
from regesta.stack.postgres_place import Place
from regesta.stack.services import NAMES, Service
from regesta.stack.settings import StackSettings
from regesta.stack.supervisor_config import program_section, with_environment, write_configuration

ODD = "a home with blanks, 100% 'quotes' and 한글"


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    settings = StackSettings(_env_file=None, home=tmp_path / ODD, s3_access_key_id="key")
    settings.run.mkdir(parents=True)
    return settings


@pytest.fixture
def services(settings: StackSettings, monkeypatch: pytest.MonkeyPatch) -> dict[str, Service]:
    place = Place(settings.home / "data", Path("/opt/postgres 18"), None)
    monkeypatch.setattr("regesta.stack.postgres.find_place", lambda _: place)
    return table.services(settings)


def parse(path: Path) -> UnhosedConfigParser:
    parser = UnhosedConfigParser()
    parser.expansions = {"here": ""}
    parser.read_string(path.read_text("utf-8"))
    return parser


def test_all_seven_services_are_there_and_none_starts_by_itself(
    settings: StackSettings, services: dict[str, Service]
) -> None:
    assert tuple(services) == NAMES
    parser = parse(write_configuration(settings, services.values()))
    for name in NAMES:
        section = f"program:{name}"
        assert parser.saneget(section, "autostart") == "false"
        assert parser.saneget(section, "autorestart") == "false"
        assert parser.saneget(section, "killasgroup") == "true"
    assert parser.saneget("program:postgres", "stopsignal") == "INT"


def test_odd_paths_come_back_whole(settings: StackSettings, services: dict[str, Service]) -> None:
    parser = parse(write_configuration(settings, services.values()))
    words = shlex.split(parser.saneget("program:serving", "command"))
    assert words == ["/bin/sh", str(settings.run / "serving.sh")]
    assert parser.saneget("program:s3", "stdout_logfile") == str(settings.logs / "s3.log")


def test_files_are_for_the_owner_only(settings: StackSettings, services: dict[str, Service]) -> None:
    configuration = write_configuration(settings, services.values())
    assert configuration.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in settings.run.glob("*.sh"))


@pytest.mark.parametrize("name", ["a #b", "a ;b", "a\nb"])
def test_a_path_the_format_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    settings = StackSettings(_env_file=None, home=tmp_path / name)
    with pytest.raises(StackError, match="set REGESTA_HOME"):
        write_configuration(settings, [])


def test_scripts_set_exactly_the_environment_they_should(tmp_path: Path) -> None:
    odd = {"A": 'it\'s "odd" $HOME `x` \\ # ;', "B": "two\nlines", "C": '{"json": "100%"}'}
    program = "import os, json; print(json.dumps([os.getcwd(), {k: os.environ[k] for k in 'ABC'}]))"
    script = tmp_path / "s.sh"
    script.write_text(Command((sys.executable, "-c", program), tmp_path, odd).script())
    done = subprocess.run(["/bin/sh", script], capture_output=True, text=True, check=True)
    import json

    assert json.loads(done.stdout) == [str(tmp_path), odd]


def test_settings_of_the_caller_reach_services_but_remembered_ones_change_nothing(
    settings: StackSettings, services: dict[str, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    def text() -> str:
        write_configuration(settings, services.values())
        return (settings.run / "serving.sh").read_text() + (settings.run / "supervisord.conf").read_text()

    plain = text()
    monkeypatch.setenv("REGESTA_API_PORT", "8000")
    assert text() == plain
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-1")
    assert "export ANTHROPIC_API_KEY=sk-1" in text()
    assert text() != plain  # so the supervisor restarts what it concerns
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert text() == plain
    (settings.home / "settings.env").write_text("REGESTA_GENERATOR=extractive\n")
    assert text() != plain


def test_a_key_made_later_restarts_nothing(settings: StackSettings, services: dict[str, Service]) -> None:
    before = with_environment(services["serving"], {}).script()
    (settings.home / "settings.env").write_text("REGESTA_API_KEY=rgs_1\n")
    assert with_environment(services["serving"], {}).script() == before


def test_another_user_gets_an_empty_environment_and_no_script(services: dict[str, Service], tmp_path: Path) -> None:
    account = Account("postgres", 101, 101)
    other = dataclasses.replace(
        services["postgres"], command=dataclasses.replace(services["postgres"].command, account=account)
    )
    section = program_section(other, tmp_path / "unread.sh", "")
    assert "user=postgres" in section
    assert "command=/usr/bin/env -i " in section
    assert "unread.sh" not in section
