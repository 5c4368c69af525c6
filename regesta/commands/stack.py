"""`regesta setup`, `up`, `down`, `status`, `logs`, `migrate`: the local stack."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from regesta.output import AsJson, console, print_json, print_table

_COLUMNS = ("service", "state", "pid", "uptime", "port", "health")
_STYLES = {"ok": "green", "failing": "red", "–": "red"}


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (setup, up, down, status, logs, migrate):
        app.command()(command)


def setup(as_json: AsJson = False) -> None:
    """Set this machine up: model, database, views, Airflow's metadata, buckets, first key."""
    from regesta.stack.progress import shown
    from regesta.stack.setup import set_up

    begun = time.monotonic()
    with shown(console, quiet=as_json) as progress:
        outcomes = set_up(progress)
    if as_json:
        print_json([{"part": part.name, "seconds": round(part.seconds, 2), "note": part.note} for part in outcomes])
    else:
        console.print(f"Set up in {time.monotonic() - begun:.1f} s. Next: `make up`.", highlight=False)


def up(as_json: AsJson = False) -> None:
    """Set up what is missing, then start every service that does not run."""
    from regesta.stack.progress import shown
    from regesta.stack.settings import StackSettings
    from regesta.stack.setup import bring_up

    begun = time.monotonic()
    with shown(console, quiet=as_json) as progress:
        outcomes = bring_up(progress)
    settings = StackSettings()
    if as_json:
        print_json([{"part": part.name, "seconds": round(part.seconds, 2), "note": part.note} for part in outcomes])
        return
    console.print(f"Everything is up, in {time.monotonic() - begun:.1f} s.", highlight=False)
    console.print(f"API      {settings.api_url}/docs")
    console.print(
        f"Airflow  {settings.airflow_url}  (user {settings.airflow_user}, password in {settings.home}/settings.env)",
        soft_wrap=True,
    )


def down(as_json: AsJson = False) -> None:
    """Stop every service this home started; nothing is deleted."""
    from regesta.stack.lifecycle import exclusive, shut_down
    from regesta.stack.settings import StackSettings

    settings = StackSettings()
    stopped: list[str] = []
    if settings.run.exists():
        with exclusive(settings):
            stopped = shut_down(settings)
    if as_json:
        print_json(stopped)
    else:
        console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status(as_json: AsJson = False) -> None:
    """Show every service: state, health, and what to do; exit 1 when something is not healthy."""
    from regesta.stack.settings import StackSettings
    from regesta.stack.status import examine

    settings = StackSettings()
    if not (settings.home / "settings.env").exists():
        if as_json:
            print_json({"home": settings.home, "healthy": False, "services": []})
        else:
            console.print(f"Nothing is set up in {settings.home}. `make up` does it.", soft_wrap=True)
        raise typer.Exit(1)
    found = examine(settings)
    healthy = all(service.healthy for service in found)
    if as_json:
        print_json({"home": settings.home, "healthy": healthy, "services": [asdict(service) for service in found]})
    else:
        rows = [
            {**asdict(service), "service": service.name, "uptime": _duration(service.uptime_seconds),
             "health": f"[{_STYLES[service.health]}]{service.health}[/]"}
            for service in found
        ]  # fmt: skip
        print_table(rows, _COLUMNS, "No services.")
        for note in dict.fromkeys(service.note for service in found if service.note):
            names = ", ".join(service.name for service in found if service.note == note)
            console.print(f"[yellow]{names}:[/] {note}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if healthy else 1)


def logs(
    service: Annotated[str | None, typer.Argument(help="One service; every one when left out.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Lines of each log.")] = 20,
) -> None:
    """Print the end of the services' logs."""
    from regesta.stack import logs as reading
    from regesta.stack.settings import StackSettings

    files = reading.log_files(StackSettings(), service)
    width = 0 if service else max(map(len, files), default=0)
    for name, path in files.items():
        for line in reading.tail(path, lines):
            _print_line(name, line, width)
    for name, line in reading.follow(files) if follow else ():
        _print_line(name, line, width)


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the newest schema."""
    from regesta.stack.database import apply_migrations
    from regesta.stack.settings_file import ensure_settings

    applied = apply_migrations(ensure_settings())
    if as_json:
        print_json(applied)
    else:
        console.print(f"Applied: {', '.join(applied)}." if applied else "The schema is up to date.")


def _print_line(name: str, line: str, width: int) -> None:
    sys.stdout.write(f"{name:<{width}} | {line}\n" if width else f"{line}\n")
    sys.stdout.flush()


def _duration(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
