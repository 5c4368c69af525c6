"""`regesta keys …`: who may ask."""

from __future__ import annotations

from typing import Annotated

import typer

from regesta.output import AsJson, console, print_json

app = typer.Typer(no_args_is_help=True, help="API keys.")


@app.callback()
def keys() -> None:
    """API keys."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    tenant: Annotated[str, typer.Option(help="The one tenant it can see.")] = "default",
    group: Annotated[list[str] | None, typer.Option(help="Group it reads as; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key and print it; it cannot be shown again."""
    from corpus.database import connect, conninfo
    from serving.access import create_key
    from serving.settings import ServingSettings

    settings = ServingSettings()
    groups = group or ["everyone"]
    with connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        key = create_key(connection, name, tenant, groups)
    if as_json:
        print_json({"name": name, "tenant_id": tenant, "access_groups": groups, "key": key})
    else:
        console.print(f"[bold]{key}[/]\nTenant {tenant}, groups {', '.join(groups)}. Keep it: it is not stored.")
