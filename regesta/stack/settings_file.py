"""The one file of generated settings: secrets, chosen ports and addresses, written once, never lost."""

from __future__ import annotations

import base64
import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values

from corpus.settings import ROOT, regesta_home
from regesta.stack import ports
from regesta.stack.errors import StackError
from regesta.stack.settings import InternalPorts, StackSettings

PREFIX = "REGESTA_"
MAIN_PORTS = {"API_PORT": 8000, "AIRFLOW_PORT": 8080, "POSTGRES_PORT": 54329, "S3_PORT": 8333}
REMEMBERED = (*MAIN_PORTS, "INTERNAL_PORT_BASE", "POSTGRES_USER", "POSTGRES_FOLDER")
"""Given in the environment once, these hold for every later command of this home too."""
PASSWORDS = (
    "POSTGRES_PASSWORD", "OWNER_PASSWORD", "INGESTION_PASSWORD", "SERVING_PASSWORD", "DBT_PASSWORD",
    "ANALYST_PASSWORD", "AIRFLOW_DATABASE_PASSWORD", "AIRFLOW_JWT_SECRET", "AIRFLOW_PASSWORD",
    "EMBEDDED_S3_ACCESS_KEY_ID", "EMBEDDED_S3_SECRET_ACCESS_KEY", "PERSONAL_DATA_KEY",
)  # fmt: skip
S3_ADDRESS = ("S3_ENDPOINT", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
HEADER = "# Written by regesta: this machine's ports and secrets. Yours go into the environment or .env.\n"


def ensure_settings() -> StackSettings:
    """Return the stack's settings, after writing to `<home>/settings.env` what was never chosen before."""
    home = regesta_home()
    _make_home(home)
    path = home / "settings.env"
    with _locked(home):
        remembered = read(path)
        completed = complete(remembered, given(), home)
        if completed != remembered:
            write(path, completed)
    return StackSettings()


def remember(home: Path, **values: str) -> StackSettings:
    """Add values to the file, named without the prefix, and return the settings as they are now."""
    path = home / "settings.env"
    with _locked(home):
        write(path, {**read(path), **values})
    return StackSettings()


def given() -> dict[str, str]:
    """Return what a person gave: `.env`, then the environment over it, without the prefix."""
    return {**read(ROOT / ".env"), **_unprefixed(os.environ)}


def complete(remembered: Mapping[str, str], given: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the file's new content; a value it already has is only replaced by one given now."""
    values = dict(remembered)
    values.update({name: given[name] for name in REMEMBERED if given.get(name)})
    for name in PASSWORDS:
        values.setdefault(name, secrets.token_urlsafe(24))
    # A Fernet key is 32 bytes in padded base64, which token_urlsafe does not give.
    values.setdefault("AIRFLOW_FERNET_KEY", base64.urlsafe_b64encode(os.urandom(32)).decode())
    if "INTERNAL_PORT_BASE" not in values:
        main = {int(values.get(name, default)) for name, default in MAIN_PORTS.items()}
        values["INTERNAL_PORT_BASE"] = str(ports.free_block(str(home), len(InternalPorts._fields), main))
    # Addresses of embedded services follow the ports, so they are worked out anew each time. Those of
    # external ones are never stored: the embedded server's keys must not be tried on AWS.
    kept = {name: value for name, value in values.items() if name not in ("DATABASE_URL", *S3_ADDRESS)}
    return {**kept, **_addresses(kept, given)}


def _addresses(values: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    effective = {**values, **given}
    external_database = "DATABASE_URL" in given
    external_s3 = any(name in given for name in S3_ADDRESS)
    derived = {
        "POSTGRES": given.get("POSTGRES") or ("external" if external_database else "embedded"),
        "S3": given.get("S3") or ("external" if external_s3 else "embedded"),
    }
    if derived["POSTGRES"] == "embedded":
        port = effective.get("POSTGRES_PORT", MAIN_PORTS["POSTGRES_PORT"])
        derived["DATABASE_URL"] = f"postgresql://127.0.0.1:{port}/regesta"
    if derived["S3"] == "embedded":
        derived["S3_ENDPOINT"] = f"http://127.0.0.1:{effective.get('S3_PORT', MAIN_PORTS['S3_PORT'])}"
        derived["S3_ACCESS_KEY_ID"] = values["EMBEDDED_S3_ACCESS_KEY_ID"]
        derived["S3_SECRET_ACCESS_KEY"] = values["EMBEDDED_S3_SECRET_ACCESS_KEY"]
    return derived


def read(path: Path) -> dict[str, str]:
    """Return the REGESTA_ variables of a file, without the prefix; a missing file has none."""
    try:
        return _unprefixed(dotenv_values(path, interpolate=False))
    except PermissionError as error:
        raise StackError(
            f"{path} belongs to another user: run as that user, or set REGESTA_HOME to a folder of yours."
        ) from error


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file in one step, readable by its owner only."""
    lines = [f"{PREFIX}{name}={_quoted(value)}\n" for name, value in values.items()]
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(HEADER + "".join(lines))
    draft.replace(path)


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w./:@%+=,-]*", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _unprefixed(variables: Mapping[str, str | None]) -> dict[str, str]:
    named = ((name.upper(), value) for name, value in variables.items())
    return {name[len(PREFIX) :]: value for name, value in named if name.startswith(PREFIX) and value}


def _make_home(home: Path) -> None:
    new = not (home / "settings.env").exists()
    try:
        home.mkdir(parents=True, exist_ok=True)
        if new:
            # Root's Postgres runs as another user, who may pass through the home but not look around.
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise StackError(f"Cannot use {home}: {error.strerror}. Set REGESTA_HOME to a folder of yours.") from error


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    with (home / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
