"""Generated settings: made once, kept, and overruled only by what a person says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from corpus.settings import CorpusSettings
from regesta.stack import settings_file
from regesta.stack.errors import StackError
from regesta.stack.settings import StackSettings, secret
from regesta.stack.settings_file import complete, ensure_settings, read, remember, write


@pytest.fixture(autouse=True)
def no_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings_file, "ROOT", tmp_path)


def test_everything_is_generated_once_and_for_the_owner_only(home: Path) -> None:
    first = ensure_settings()
    path = home / "settings.env"
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_settings() == first
    assert path.read_bytes() == before
    passwords = {secret(getattr(first, name)) for name in StackSettings.model_fields if name.endswith("_password")}
    assert len(passwords) == 8  # all different
    assert "" not in passwords
    Fernet(secret(first.airflow_fernet_key))
    assert first.database_url == "postgresql://127.0.0.1:54329/regesta"
    assert first.s3_endpoint == "http://127.0.0.1:8333"


def test_every_program_reads_what_was_generated(home: Path) -> None:
    stack = ensure_settings()
    program = CorpusSettings()
    assert program.database_url == stack.database_url
    assert program.s3_secret_access_key == stack.s3_secret_access_key


def test_a_port_given_once_is_remembered_and_addresses_follow(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_settings()
    monkeypatch.setenv("REGESTA_POSTGRES_PORT", "6000")
    monkeypatch.setenv("REGESTA_S3_PORT", "6001")
    assert ensure_settings().database_url == "postgresql://127.0.0.1:6000/regesta"
    monkeypatch.delenv("REGESTA_POSTGRES_PORT")
    monkeypatch.delenv("REGESTA_S3_PORT")
    later = ensure_settings()
    assert (later.postgres_port, later.s3_endpoint) == (6000, "http://127.0.0.1:6001")


def test_a_port_in_env_file_moves_the_address_too(home: Path, tmp_path: Path) -> None:
    ensure_settings()
    (tmp_path / ".env").write_text("REGESTA_POSTGRES_PORT=6002\n")
    assert read(home / "settings.env")["DATABASE_URL"].endswith(":54329/regesta")
    ensure_settings()
    assert read(home / "settings.env")["DATABASE_URL"].endswith(":6002/regesta")


def test_an_external_service_gets_nothing_of_the_embedded_ones(home: Path) -> None:
    embedded = complete({}, {}, home)
    assert embedded["S3_ACCESS_KEY_ID"] == embedded["EMBEDDED_S3_ACCESS_KEY_ID"]
    external = complete(embedded, {"DATABASE_URL": "postgresql://db.example/x", "S3": "external"}, home)
    assert (external["POSTGRES"], external["S3"]) == ("external", "external")
    assert not {"DATABASE_URL", "S3_ENDPOINT", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"} & set(external)
    assert external["OWNER_PASSWORD"] == embedded["OWNER_PASSWORD"]
    assert complete(external, {}, home) == embedded  # and back again


def test_own_lines_and_odd_values_survive(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_settings()
    odd = 'it\'s a \\ "pass" # word ; ${HOME} 비밀'
    remember(home, ANTHROPIC_API_KEY=odd)
    ensure_settings()
    assert read(home / "settings.env")["ANTHROPIC_API_KEY"] == odd


def test_a_file_is_replaced_in_one_step(home: Path) -> None:
    home.mkdir()
    path = home / "settings.env"
    write(path, {"A": "1"})
    inode = path.stat().st_ino
    write(path, {"A": "2"})
    assert path.stat().st_ino != inode
    assert read(path) == {"A": "2"}


def test_internal_ports_stay_and_differ_between_homes(tmp_path: Path) -> None:
    bases = {complete({}, {}, tmp_path / str(number))["INTERNAL_PORT_BASE"] for number in range(4)}
    assert len(bases) == 4
    assert complete({"INTERNAL_PORT_BASE": "21000"}, {}, tmp_path)["INTERNAL_PORT_BASE"] == "21000"


def test_a_home_that_cannot_be_made_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REGESTA_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StackError, match="Set REGESTA_HOME to a folder of yours"):
        ensure_settings()


def test_others_may_pass_through_the_home_of_root_only(home: Path) -> None:
    ensure_settings()
    assert stat.S_IMODE(home.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)


def test_secrets_are_not_printed(home: Path) -> None:
    settings = ensure_settings()
    assert secret(settings.owner_password) not in repr(settings)
