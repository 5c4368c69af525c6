"""The supervisor's configuration: one file, one start script per service, both rendered from the table."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from corpus.settings import ROOT
from regesta.stack.command import Command
from regesta.stack.errors import StackError
from regesta.stack.leftovers import SERVICE
from regesta.stack.services import Service
from regesta.stack.settings import StackSettings
from regesta.stack.settings_file import PREFIX, REMEMBERED, read

PASSED_ON = ("REGESTA_", "AWS_", "ANTHROPIC_", "OPENAI_")
"""Variables of the caller with these prefixes are settings: services get them, and restart when they change."""
_UNREAD = {"API_KEY"}
"""In settings.env, but no service's concern."""


def write_configuration(settings: StackSettings, services: Iterable[Service]) -> Path:
    """Write the scripts and the configuration file, for the owner only, and return the file."""
    settings.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    sections = [supervisor_section(settings)]
    passed = passed_on(settings)
    for service in services:
        script = with_environment(service, passed).script()
        path = settings.run / f"{service.name}.sh"
        _write(path, script, 0o700)
        sections.append(program_section(service, path, script))
    return _write(settings.run / "supervisord.conf", "\n".join(sections), 0o600)


def supervisor_section(settings: StackSettings) -> str:
    """Return the sections of the supervisor itself."""
    return f"""\
; Written by regesta; changes are lost.
[supervisord]
logfile={_value(settings.logs / "supervisord.log")}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_value(settings.run / "supervisord.pid")}
directory={_value(settings.home)}
nocleanup=true
{"user=root" if os.geteuid() == 0 else ""}

[unix_http_server]
file={_value(socket_path(settings))}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


def program_section(service: Service, path: Path, script: str) -> str:
    """Return a service's section. Nothing restarts by itself: a crash should be seen, `make up` repairs."""
    command, account = service.command, service.command.account
    # Another user can read neither our script nor should it inherit our environment.
    words = shlex.join(("/usr/bin/env", "-i", *command.argv) if account else ("/bin/sh", str(path)))
    return f"""\
[program:{service.name}]
command={_value(words)}
directory={_value(command.folder)}
{f"user={account.name}" if account else ""}
environment={SERVICE}="{service.name}",REGESTA_SCRIPT="{hashlib.sha256(script.encode()).hexdigest()[:16]}"
autostart=false
autorestart=false
startsecs=0
startretries=0
stopsignal={command.stop_signal.name.removeprefix("SIG")}
stopwaitsecs={command.stop_seconds}
stopasgroup={"false" if account else "true"}
killasgroup=true
redirect_stderr=true
stdout_logfile={_value(service.log)}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""


def with_environment(service: Service, passed: Mapping[str, str]) -> Command:
    """Return a service's command with the settings the caller passed on."""
    command = service.command
    if command.account:
        return command
    environment = {**passed, **command.environment}
    return Command(command.argv, command.folder, environment, None, command.stop_signal, command.stop_seconds)


def passed_on(settings: StackSettings) -> dict[str, str]:
    """Return the variables every service gets; any change of a setting changes them."""
    remembered = {PREFIX + name for name in REMEMBERED}  # given or not this time, these hold
    passed = {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON) and k not in remembered}
    files = {**read(settings.home / "settings.env"), **{f".env {k}": v for k, v in read(ROOT / ".env").items()}}
    known = sorted((name, value) for name, value in files.items() if name not in _UNREAD)
    direct = ",".join(filter(None, ("127.0.0.1,localhost", os.environ.get("NO_PROXY", os.environ.get("no_proxy")))))
    return {
        **passed,
        "REGESTA_HOME": str(settings.home),
        "REGESTA_SETTINGS": hashlib.sha256(repr(known).encode()).hexdigest()[:16],
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def socket_path(settings: StackSettings) -> Path:
    """Return where the supervisor listens."""
    return settings.sockets / "supervisor.sock"


def _value(value: object) -> str:
    text = str(value)
    # The file's format has no escape for these: a comment would begin, or the line end.
    if any(mark in text for mark in (" ;", " #", "\n", "\t;", "\t#")):
        raise StackError(f"The path {text!r} cannot be used: set REGESTA_HOME to one without ' #' and ' ;'.")
    return text.replace("%", "%%")


def _write(path: Path, text: str, mode: int) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    path.chmod(mode)
    return path
