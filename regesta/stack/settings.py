"""What the local stack adds to the shared settings: ports, accounts, generated secrets and folders."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, SecretStr, field_validator

from corpus.settings import CorpusSettings

_LONGEST_SOCKET = 90
"""Bytes left for a folder: a socket's path may have 103 on macOS and 107 on Linux, its name included."""


class InternalPorts(NamedTuple):
    """Ports nobody types: what SeaweedFS and Airflow listen on besides their public one."""

    s3_master: int
    s3_master_grpc: int
    s3_volume: int
    s3_volume_grpc: int
    s3_filer: int
    s3_filer_grpc: int
    s3_grpc: int
    airflow_logs: int


class StackSettings(CorpusSettings):
    """Settings of the local stack; `ensure_settings()` fills in what was never given."""

    api_port: int = Field(default=8000, ge=1, le=65535)
    airflow_port: int = Field(default=8080, ge=1, le=65535)
    postgres_port: int = Field(default=54329, ge=1, le=65535)
    s3_port: int = Field(default=8333, ge=1, le=65535)
    internal_port_base: int = Field(
        default=21000, ge=1024, le=65000, description="First of the block of internal ports; found free once."
    )

    postgres: Literal["embedded", "external"] = Field(
        default="embedded", description="External as soon as REGESTA_DATABASE_URL is given."
    )
    s3: Literal["embedded", "external"] = Field(
        default="embedded", description="External as soon as REGESTA_S3_ENDPOINT or an S3 key is given."
    )
    postgres_user: str | None = Field(
        default=None, description="Whom Postgres runs as when we are root; unset: postgres, else nobody."
    )
    postgres_folder: Path | None = Field(
        default=None, description="Where Postgres lives when its user cannot enter the home."
    )
    source_bucket: str = Field(default="documents", description="The bucket the demo's documents lie in.")

    postgres_password: SecretStr | None = Field(default=None, description="Of the embedded superuser.")
    owner_password: SecretStr | None = None
    ingestion_password: SecretStr | None = None
    serving_password: SecretStr | None = None
    dbt_password: SecretStr | None = None
    analyst_password: SecretStr | None = None
    airflow_database_password: SecretStr | None = None
    admin_database_url: SecretStr | None = Field(
        default=None, description="External Postgres: who may create roles and databases; unset: done by hand."
    )
    airflow_database_url: SecretStr | None = Field(
        default=None, description="External Postgres: the database of Airflow's metadata."
    )

    airflow_fernet_key: SecretStr | None = None
    airflow_jwt_secret: SecretStr | None = None
    airflow_user: str = "admin"
    airflow_password: SecretStr | None = None
    airflow_parallelism: int = Field(default=4, ge=1, description="Tasks at once on this machine.")

    api_key: SecretStr | None = Field(default=None, description="The first API key, made at set-up.")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.resolve()  # services run in folders of their own, where a relative path would mislead

    @property
    def logs(self) -> Path:
        """Every service's log."""
        return self.home / "logs"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own files: the logs of tasks, the password file."""
        return self.home / "airflow"

    @property
    def run(self) -> Path:
        """What a running stack needs: start scripts, the supervisor's configuration and pid file."""
        return self.home / "run"

    @property
    def sockets(self) -> Path:
        """A folder short enough for Unix sockets: the run folder, or one under /tmp."""
        if len(os.fsencode(self.run)) <= _LONGEST_SOCKET:
            return self.run
        return Path("/tmp") / f"regesta-{os.geteuid()}-{self.digest}"  # not TMPDIR: it differs from shell to shell

    @property
    def digest(self) -> str:
        """A short name of this home, for files that must lie outside it."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def internal_ports(self) -> InternalPorts:
        """The internal ports, one after another from `internal_port_base`."""
        base = self.internal_port_base
        return InternalPorts(*range(base, base + len(InternalPorts._fields)))

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def airflow_url(self) -> str:
        """Where Airflow's pages and REST API answer."""
        return f"http://127.0.0.1:{self.airflow_port}"


def secret(value: SecretStr | None) -> str:
    """Return a secret's text; an unset one is empty."""
    return value.get_secret_value() if value else ""
