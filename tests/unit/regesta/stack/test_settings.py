"""Folders, sockets and internal ports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from regesta.stack.settings import StackSettings
from regesta.stack.supervisor_config import socket_path


def settings(home: Path) -> StackSettings:
    return StackSettings(_env_file=None, home=home)


def test_sockets_lie_in_the_home_when_their_path_is_short() -> None:
    assert settings(Path("/srv/regesta")).sockets == Path("/srv/regesta/run")


@pytest.mark.parametrize("name", ["x" * 100, "한국어 폴더 " * 6])
def test_sockets_of_a_long_home_lie_in_a_short_folder_of_its_own(name: str) -> None:
    long = settings(Path("/srv") / name)
    assert len(os.fsencode(socket_path(long))) <= 103  # what macOS allows
    assert long.sockets.name == f"regesta-{os.geteuid()}-{long.digest}"
    assert long.sockets != settings(Path("/srv") / name / "other").sockets


def test_internal_ports_follow_their_base() -> None:
    ports = StackSettings(_env_file=None, internal_port_base=21500).internal_ports
    assert list(ports) == list(range(21500, 21500 + len(ports)))


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings(Path("here")).home == tmp_path / "here"
