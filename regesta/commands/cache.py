"""`regesta cache …`: what is kept of earlier answers, and from which similarity on it is given again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from regesta.output import AsJson, console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Cached answers, search results and vectors.")
Tenant = Annotated[str, typer.Option(help="The tenant.")]


@app.command()
def calibrate(
    pairs: Annotated[
        Path, typer.Argument(help="Labelled pairs, CSV or JSON lines: question, other, same (1 or 0).", exists=True)
    ],
    domain: Annotated[str, typer.Option(help="A source's name, or default for all without one of their own.")],
    precision: Annotated[float, typer.Option(min=0.5, max=0.9999, help="Least share of right hits to prove.")] = 0.97,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Find the threshold at which labelled pairs prove a precision, and keep it with that proof."""
    from corpus.database import connect, conninfo
    from corpus.models import load, serving_model
    from serving.caching.pairs import read_pairs
    from serving.caching.upkeep import calibrate_domain
    from serving.settings import ServingSettings

    settings = ServingSettings()
    labelled = read_pairs(pairs)
    with connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        model = serving_model(connection)
        embedder = load(model, settings)
        connection.commit()
        found = calibrate_domain(connection, tenant, domain, model.id, embedder, labelled, precision)
    if as_json:
        print_json({"domain": domain, "model": str(model), **asdict(found)})
    else:
        console.print(
            f"{domain}: questions are the same from {found.threshold:.3f} on. Of {found.pair_count} pairs "
            f"{found.hit_count} are hits, {found.precision:.1%} of them right; at least {found.lower_bound:.1%} with "
            "95 % confidence."
        )


@app.command()
def status(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Show how much is cached, how often it was used, and the calibrated thresholds."""
    from corpus.database import connect, conninfo
    from serving.caching.upkeep import status as cache_status
    from serving.settings import ServingSettings

    settings = ServingSettings()
    with connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        found = cache_status(connection, tenant)
    if as_json:
        print_json(found)
        return
    print_table(
        found["caches"], ("kind", "entry_count", "expired_count", "hit_count", "newest_at"), "Nothing is cached."
    )
    columns = ("domain", "threshold", "target", "precision", "lower_bound", "pair_count", "hit_count", "calibrated_at")
    print_table(found["thresholds"], columns, "No domain is calibrated; the threshold that ships is used.")


@app.command()
def clear(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Forget everything that is cached for a tenant, verified answers too; thresholds stay."""
    from corpus.database import connect, conninfo
    from serving.caching.upkeep import clear as clear_caches
    from serving.settings import ServingSettings

    settings = ServingSettings()
    with connect(conninfo(settings, "regesta_serving", settings.serving_password)) as connection:
        clear_caches(connection, tenant)
    if as_json:
        print_json({"tenant": tenant, "state": "cleared"})
    else:
        console.print(f"The caches of tenant {tenant} are empty.")
