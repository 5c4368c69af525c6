"""`regesta keys …`: who may ask, for what, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from regesta.output import AsJson, console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="API keys.")

Tenant = Annotated[str, typer.Option(help="The tenant the key belongs to.")]
Wanted = Annotated[str, typer.Argument(metavar="KEY", help="Its id, its name or its first characters.")]
Expires = Annotated[
    datetime | None, typer.Option("--expires", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Until when (UTC).")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Its own limit; else the setting's.")]


@app.callback()
def keys() -> None:
    """API keys."""


@contextmanager
def _connection() -> Iterator[Any]:
    from corpus.database import connect, conninfo
    from serving.settings import ServingSettings

    settings = ServingSettings()
    with connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        yield connection


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    tenant: Annotated[str, typer.Option(help="The one tenant it can see.")] = "default",
    group: Annotated[list[str] | None, typer.Option(help="Group it reads as; repeatable.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; repeatable; else everything.")] = None,
    expires: Expires = None,
    requests_per_minute: Limit = None,
    concurrent_streams: Limit = None,
    tokens_per_day: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key and print it; it cannot be shown again."""
    from serving.access import PERMISSIONS
    from serving.keys import create_key

    groups, scopes = group or ["everyone"], scope or list(PERMISSIONS)
    with _connection() as connection:
        key = create_key(
            connection, name, tenant, groups, scopes, _utc(expires),
            requests_per_minute, concurrent_streams, tokens_per_day,
        )  # fmt: skip
    if as_json:
        print_json(
            {"name": name, "tenant_id": tenant, "access_groups": groups, "scopes": scopes,
             "expires_at": _utc(expires), "key": key}
        )  # fmt: skip
    else:
        console.print(
            f"[bold]{key}[/]\nTenant {tenant}, groups {', '.join(groups)}; may {', '.join(scopes)}. "
            "Keep it: it is not stored."
        )


@app.command(name="list")
def list_(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """List the keys of a tenant, with what they did today."""
    from serving.keys import list_keys

    with _connection() as connection:
        found = [asdict(key) for key in list_keys(connection, tenant)]
    if as_json:
        print_json(found)
        return
    columns = (
        "id", "name", "prefix", "state", "access_groups", "scopes", "expires_at", "last_used_at", "requests_today",
        "tokens_today",
    )  # fmt: skip
    print_table(found, columns, f"Tenant {tenant} has no keys. `regesta keys create NAME` makes one.")


@app.command()
def revoke(key: Wanted, tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """End a key at once: its next request is refused."""
    from serving.keys import revoke_key

    with _connection() as connection:
        key_id = revoke_key(connection, tenant, key)
    if as_json:
        print_json({"id": key_id, "state": "revoked"})
    else:
        console.print(f"Key {key_id} is revoked.")


@app.command()
def rotate(
    key: Wanted,
    tenant: Tenant = "default",
    overlap_hours: Annotated[float, typer.Option(min=0, help="How long the old key goes on working.")] = 24.0,
    expires: Expires = None,
    as_json: AsJson = False,
) -> None:
    """Create a key that takes another's place, with the same rights and limits, and print it."""
    from serving.keys import rotate_key

    with _connection() as connection:
        new = rotate_key(connection, tenant, key, timedelta(hours=overlap_hours), _utc(expires))
    if as_json:
        print_json({"key": new, "overlap_hours": overlap_hours})
    else:
        console.print(f"[bold]{new}[/]\nThe old key works for {overlap_hours:g} more hours. Keep the new one.")
