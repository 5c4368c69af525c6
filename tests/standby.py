"""A real standby of the session's Postgres: a base backup that follows its log; it can be stopped, paused, frozen."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from regesta.stack.account import Identity
from regesta.stack.ports import free_port
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.settings import secret
from regesta.stack.waiting import wait_healthy


class Standby:
    """Follows a running cluster. It replays everything the cluster does, databases that are made later too."""

    def __init__(self, primary: EmbeddedPostgres) -> None:
        self.primary = primary
        self.port = free_port()
        self.data = primary.place.data.with_name(f"standby-{self.port}")
        self.log = primary.settings.logs / f"{self.data.name}.log"
        self._stack = ExitStack()

    def copy(self) -> None:
        """Take the base backup."""
        account = self.primary.place.account
        identity = account.identity() if account else Identity()
        subprocess.run(
            [self.primary.place.program("pg_basebackup"), "--pgdata", str(self.data), "--write-recovery-conf",
             "--checkpoint", "fast", "--no-sync", "--dbname", self.primary.admin()],
            cwd=self.data.parent, env={"PGPASSWORD": secret(self.primary.settings.postgres_password)},
            capture_output=True, check=True, timeout=120, **identity,
        )  # fmt: skip

    def start(self) -> None:
        """Run it, until `stop`."""
        options = {"config_file": self.data / "postgresql.conf", "port": self.port, "shared_buffers": "32MB",
                   "fsync": "off", "log_statement": "all", "max_standby_streaming_delay": "200ms"}  # fmt: skip
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = self.primary.command()
        argv = (command.argv[0], "-D", str(self.data), *words)
        process = self._stack.enter_context(replace(command, argv=argv, folder=self.data).running(self.log))
        wait_healthy("standby", self._problem, self.log, 60, alive=lambda: process.poll() is None)
        self._process = process

    def stop(self) -> None:
        """Stop it; its data stay."""
        self._stack.close()

    def searches(self) -> int:
        """Return how many searches it has logged."""
        return len(re.findall(r"from\s+corpus\.search_chunks\(", self.log.read_text("utf-8")))

    def admin(self, database: str = "postgres") -> str:
        """Return the superuser's connection string."""
        return make_conninfo(self.primary.admin(database), port=self.port)

    def run(self, statement: str) -> list[Any]:
        """Run a statement on it as superuser."""
        with psycopg.connect(self.admin(), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []

    def catch_up(self) -> None:
        """Wait until it has replayed what the primary has written by now."""
        with psycopg.connect(self.primary.admin(), autocommit=True) as connection:
            row = connection.execute("select pg_current_wal_insert_lsn() - '0/0'").fetchone()
        assert row is not None
        deadline = time.monotonic() + 30
        while self.run("select pg_last_wal_replay_lsn() - '0/0'")[0][0] < row[0]:
            assert time.monotonic() < deadline, "the standby does not catch up"
            time.sleep(0.02)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it replay nothing for a block; it goes on answering."""
        self.catch_up()
        self.run("select pg_wal_replay_pause()")
        deadline = time.monotonic() + 10
        while self.run("select pg_get_wal_replay_pause_state()") != [("paused",)]:
            assert time.monotonic() < deadline, "replay does not pause"
            time.sleep(0.02)
        try:
            yield
        finally:
            self.run("select pg_wal_replay_resume()")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend all of its processes for a block, as on a machine that hangs: connections stay, nothing answers."""
        head = psutil.Process(self._process.pid)
        family = [head, *head.children()]
        for process in family:
            with suppress(psutil.NoSuchProcess):  # a session may have ended since it was listed
                process.suspend()
        try:
            yield
        finally:
            for process in family:
                with suppress(psutil.NoSuchProcess):  # those resumed first may end others
                    process.resume()

    def delete(self) -> None:
        """Delete its data."""
        shutil.rmtree(self.data, ignore_errors=True)

    def _problem(self) -> str | None:
        try:
            self.run("select 1")
        except psycopg.OperationalError as error:
            return str(error).strip()
        return None
