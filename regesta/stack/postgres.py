"""Embedded Postgres: make the cluster, start it, and clear away what a killed one left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from regesta.stack.account import Identity
from regesta.stack.command import Command
from regesta.stack.errors import ServiceFailed
from regesta.stack.postgres_place import Place, find_place, moved_note
from regesta.stack.postgres_processes import cluster_processes, stop_cluster
from regesta.stack.settings import StackSettings, secret
from regesta.stack.waiting import wait_healthy

CONFIGURATION = Path(__file__).with_name("postgresql.conf")
SUPERUSER = "postgres"


class EmbeddedPostgres:
    """One cluster of this home, on 127.0.0.1, with passwords and no Unix socket."""

    def __init__(self, settings: StackSettings, options: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self.options = options or {}

    @cached_property
    def place(self) -> Place:
        """Where it lives and who runs it."""
        return find_place(self.settings)

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.settings.logs / "postgres.log"

    def initialise(self) -> str | None:
        """Make the cluster if there is none; return what a person should know, None when it was there."""
        data = self.place.data
        if (data / "PG_VERSION").exists():
            return None
        draft = data.with_name("data.new")  # renamed when complete: an interrupted run leaves no half a cluster
        shutil.rmtree(draft, ignore_errors=True)
        with self._password_file() as password_file:
            self._run(
                "initdb", "-D", str(draft), "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", password_file,
                "-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            )  # fmt: skip
        draft.rename(data)
        return moved_note(self.settings, self.place)

    def command(self) -> Command:
        """Return how to run the server."""
        options = {"port": str(self.settings.postgres_port), **self.options}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return Command(
            argv=(self.place.program("postgres"), "-D", str(self.place.data),
                  "-c", f"config_file={self.place.data / CONFIGURATION.name}", *words),
            folder=self.place.data,
            account=self.place.account,
            stop_signal=signal.SIGINT,  # "fast": ends every session; TERM would wait for them
            stop_seconds=60,
        )  # fmt: skip

    def prepare(self) -> None:
        """Get ready for a start: the newest configuration, and nothing left of a killed server.

        A stale `postmaster.pid` names a process id that may by now be anybody's, and a backend that
        outlived its killed parent keeps the shared memory busy: either would refuse the start.
        """
        configuration = self.place.data / CONFIGURATION.name
        configuration.write_bytes(CONFIGURATION.read_bytes())
        if self.place.account:
            os.chown(configuration, self.place.account.uid, self.place.account.gid)
        self.stop()
        (self.place.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> int:
        """Stop a server nobody supervises, or what is left of one, and return how many processes there were."""
        return stop_cluster(self.place.data)

    def processes(self) -> list[psutil.Process]:
        """Return every running process of this cluster."""
        return cluster_processes(self.place.data)

    def admin(self, database: str = SUPERUSER) -> str:
        """Return the superuser's connection string, for set-up only."""
        return make_conninfo(
            host="127.0.0.1", port=self.settings.postgres_port, dbname=database, user=SUPERUSER,
            password=secret(self.settings.postgres_password), connect_timeout=3, application_name="regesta_setup",
        )  # fmt: skip

    def problem(self) -> str | None:
        """Return why the server cannot be used now; None when it answers."""
        try:
            with psycopg.connect(self.admin(), autocommit=True) as connection:
                connection.execute("select 1")
        except psycopg.OperationalError as error:
            return str(error).strip()
        return None

    @contextmanager
    def running(self) -> Iterator[str]:
        """Run the server for a block, giving the superuser's connection string; for tests."""
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        self.initialise()
        self.prepare()
        with self.command().running(self.log) as process:
            wait_healthy("postgres", self.problem, self.log, 60, alive=lambda: process.poll() is None)
            yield self.admin()

    @contextmanager
    def _password_file(self) -> Iterator[str]:
        with tempfile.NamedTemporaryFile("w", prefix="regesta-", dir=self.place.data.parent) as file:
            file.write(secret(self.settings.postgres_password))
            file.flush()
            if self.place.account:
                os.chown(file.name, self.place.account.uid, self.place.account.gid)
            yield file.name

    def _run(self, program: str, *words: str) -> None:
        identity = self.place.account.identity() if self.place.account else Identity()
        done = subprocess.run(
            [self.place.program(program), *words], cwd=self.place.data.parent, capture_output=True, text=True,
            timeout=120, **identity,
        )  # fmt: skip
        if done.returncode != 0:
            raise ServiceFailed(f"{program} failed:\n{(done.stderr or done.stdout).strip()}")
