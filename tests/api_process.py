"""The API as the stack runs it: the service's own command in a process of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from pydantic import SecretStr

from regesta.stack.ports import free_port
from regesta.stack.services import services
from regesta.stack.settings import StackSettings
from serving.settings import ServingSettings

_START_SECONDS = 90


@contextmanager
def running(
    machine: StackSettings, settings: ServingSettings, log: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the API with these settings; give the process and its address once it answers."""
    machine = machine.model_copy(update={"api_port": free_port()})
    command = replace(services(machine)["serving"].command, environment=_environment(settings))
    with command.running(log) as process:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(f"{machine.api_url}/health/ready"):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield process, machine.api_url


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _environment(settings: ServingSettings) -> dict[str, str]:
    """Return what was given of the settings as the process reads it."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    shown = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value) for name, value in given.items()
    }
    return {f"REGESTA_{name.upper()}": value for name, value in shown.items()}
