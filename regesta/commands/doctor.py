"""`regesta doctor`: look at every part and say what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from regesta.output import AsJson, console, print_json

State = Literal["ok", "warning", "failed"]
RECALL_SAMPLE, LEAST_RECALL = 50, 0.98
_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do when it is not ok."""

    check: str
    state: State
    found: str
    advice: str = ""


Deep = Annotated[bool, typer.Option("--deep", help="Compare all that is stored, and the vector index with the truth.")]


def doctor(deep: Deep = False, as_json: AsJson = False) -> None:
    """Check settings, database, roles, object store, models, registry, Airflow and API; exit 1 when something fails."""
    findings = [*examine(), *((*compare(), check_recall()) if deep else ())]
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            console.print(f"{_MARKS[finding.state]} [bold]{finding.check:<14}[/] {finding.found}", soft_wrap=True)
            if finding.advice:
                console.print(f"  → {finding.advice}", style="yellow", soft_wrap=True)
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Yield a finding per part; one that fails never stops the others."""
    checks: tuple[tuple[str, Callable[[], Finding], str], ...] = (
        ("settings", check_settings, "Correct the setting, or remove it from .env to get the default."),
        ("database", check_database, "Start it with `make up`, or set REGESTA_DATABASE_URL."),
        ("roles", check_roles, "Run `regesta migrate`."),
        ("object store", check_object_store, "Start it with `make up`, or set REGESTA_S3_ENDPOINT, _BUCKET and keys."),
        ("embedding", check_embedding, "Run `regesta setup`; for other models `make torch`."),
        ("generator", check_generator, "Correct the REGESTA_ANTHROPIC_… or REGESTA_OPENAI_… settings."),
        ("registry", check_registry, "Run `regesta setup`: dbt builds the registry view."),
        ("airflow", check_airflow, "Start it with `make up`; then `make logs`."),
        ("api", check_api, "Start it with `make up`; then `make logs`."),
        *((("replica", check_replica, "Start it, or unset REGESTA_REPLICA_URL."),) if _has_replica() else ()),
    )
    for name, check, advice in checks:
        try:
            yield check()
        except Exception as error:  # a check may fail in any way; the doctor goes on
            yield Finding(name, "failed", f"{type(error).__name__}: {str(error).splitlines()[0][:300]}", advice)


def compare() -> Iterator[Finding]:
    """Yield a finding per check of the reconciliation that found something, or one that says nothing was found."""
    from ingestion import reconciliation

    try:
        bench = _ingestion()
        with bench.connect() as connection:
            found = reconciliation.reconcile(connection, bench.store)
    except Exception as error:  # as above
        advice = "The checks above say what to start."
        yield Finding("reconciliation", "failed", f"{type(error).__name__}: {str(error).splitlines()[0][:300]}", advice)
        return
    promises = reconciliation.checks()
    wrong: dict[str, list[str]] = {}
    for entry in found:
        wrong.setdefault(entry.check, []).append(entry.found)
    for check, rows in wrong.items():
        more = f" and {'at least ' if len(rows) == reconciliation.SHOWN else ''}{len(rows) - 1} more"
        state: State = "warning" if check in reconciliation.HARMLESS else "failed"
        shown = f"{rows[0]}{more if len(rows) > 1 else ''}"
        yield Finding(check, state, shown, f"Should be: {promises[check]} {reconciliation.advice(check)}")
    if not wrong:
        yield Finding("reconciliation", "ok", f"{len(promises)} checks of everything stored found nothing")


def check_recall() -> Finding:
    """The vector index finds what a comparison with every vector finds."""
    from sql import queries

    try:
        with _ingestion().connect() as connection:
            rows = connection.execute(
                queries("search")["measure_recall"], {"sample": RECALL_SAMPLE, "top_k": 10}
            ).fetchall()
    except Exception as error:  # as above
        advice = "The checks above say what to start."
        return Finding("vector index", "failed", f"{type(error).__name__}: {str(error).splitlines()[0][:300]}", advice)
    if not rows:
        return Finding("vector index", "ok", "no tenant is large enough for one: every search is exact")
    name, sampled, recall = min(rows, key=lambda row: row[2])
    found = f"recall@10 of {sampled} sampled passages is {recall:.3f} in {name}, the worst of {len(rows)}"
    if recall < LEAST_RECALL:
        return Finding("vector index", "warning", found, f"Below {LEAST_RECALL}: reindex corpus.{name} concurrently.")
    return Finding("vector index", "ok", found)


def check_settings() -> Finding:
    """Every program's settings load; secrets are not printed."""
    from ingestion.settings import IngestionSettings
    from regesta.stack.settings import StackSettings
    from serving.settings import ServingSettings

    stack, serving = StackSettings(), ServingSettings()
    IngestionSettings()
    return Finding(
        "settings", "ok", f"home {stack.home}, generator {serving.generator}, embedding {stack.embedding_provider}"
    )


def _ingestion() -> Any:
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    return Workbench(IngestionSettings())


def check_database() -> Finding:
    """Postgres answers, is new enough, and has pgvector without the known index-build flaw."""
    with _ingestion().connect() as connection:
        server = connection.info.server_version
        row = connection.execute("select extversion from pg_extension where extname = 'vector'").fetchone()
    pgvector = row[0] if row else "missing"
    found = f"Postgres {server // 10000}.{server % 10000}, pgvector {pgvector}"
    if server < 180000:
        return Finding("database", "failed", found, "Postgres 18 or newer is needed.")
    if row is None or tuple(map(int, pgvector.split("."))) < (0, 8, 2):
        return Finding("database", "failed", found, "pgvector 0.8.2 or newer is needed.")
    return Finding("database", "ok", found)


def check_roles() -> Finding:
    """No program's role can step around row-level security."""
    from sql.migrate import PROGRAM_ROLES

    with _ingestion().connect() as connection:
        strong = connection.execute(
            "select rolname from pg_roles where rolname = any(%s) and (rolsuper or rolbypassrls)", [list(PROGRAM_ROLES)]
        ).fetchall()
    if strong:
        names = ", ".join(name for (name,) in strong)
        return Finding("roles", "failed", f"{names} may bypass row-level security", "alter role … nobypassrls")
    return Finding("roles", "ok", f"{', '.join(PROGRAM_ROLES)}: none above row-level security")


def _has_replica() -> bool:
    from serving.settings import ServingSettings

    try:
        return ServingSettings().replica_url is not None
    except ValueError:
        return False  # the settings' own check says what is wrong with them


def check_replica() -> Finding:
    """The read replica follows this primary; searches do without it while it does not."""
    import asyncio
    import time

    from serving.replica_watch import look_once
    from serving.settings import ServingSettings

    settings = ServingSettings()
    look = asyncio.run(look_once(settings))
    if look.replayed is None or not look.is_standby or not look.is_same_cluster:
        what = "no standby" if look.is_same_cluster else "of another cluster"
        return Finding("replica", "failed", what, "REGESTA_REPLICA_URL must be a standby of REGESTA_DATABASE_URL.")
    behind = look.flushed - look.replayed
    if behind <= 0:
        return Finding("replica", "ok", "follows, nothing behind")
    time.sleep(settings.replica_lag_seconds)
    if (asyncio.run(look_once(settings)).replayed or 0) >= look.flushed:
        return Finding("replica", "ok", f"follows, was {behind} bytes behind")
    advice = "Searches go to the primary meanwhile. Is its replay paused or held up, or the connection cut?"
    return Finding("replica", "warning", f"more than {settings.replica_lag_seconds:g} s behind", advice)


def check_object_store() -> Finding:
    """The landing bucket takes and gives back an object."""
    store = _ingestion().store
    store.put("doctor/probe", b"probe")
    assert store.get("doctor/probe") == b"probe"
    return Finding("object store", "ok", f"bucket {store.bucket} can be written and read")


def check_embedding() -> Finding:
    """The embedder loads, and is the one whose vectors the database serves."""
    from ingestion.publishing import check_model

    bench = _ingestion()
    with bench.connect() as connection:
        check_model(connection, bench.embedder)
    model = bench.embedder
    return Finding("embedding", "ok", f"{model.name} ({model.revision}), {model.dimensions} dimensions")


def check_generator() -> Finding:
    """Whoever is to write the answers can be reached, takes the key, and has the models."""
    from serving.generators import generator_name
    from serving.generators.reach import reach
    from serving.settings import ServingSettings

    settings = ServingSettings()
    name = generator_name(settings)
    models = settings.models_of(name)
    if models is None:
        return Finding("generator", "ok", f"{name}: answers are quotations, no language model is needed")
    if name == "anthropic" and not settings.anthropic_api_key:
        return Finding("generator", "failed", "anthropic without a key", "Set REGESTA_ANTHROPIC_API_KEY.")
    reached = reach(settings, name)
    found, prefix = f"{name} at {reached.address}", f"REGESTA_{name.upper()}_"
    if reached.reason is not None:
        advice = f"Until then answers are quotations. Look at {prefix}API_KEY and {prefix}BASE_URL, or at the provider."
        return Finding("generator", "failed", f"{found}: {reached.reason} ({reached.detail})", advice)
    if missing := reached.missing(list(models.values())):
        known = ", ".join((reached.models or ())[:5]) or "none"
        advice = f"It lists {known}; set {prefix}LIGHT_MODEL and {prefix}STRONG_MODEL."
        return Finding("generator", "warning", f"{found} does not list {', '.join(missing)}", advice)
    return Finding("generator", "ok", f"{found} answers, for {' and '.join(dict.fromkeys(models.values()))}")


def check_registry() -> Finding:
    """The view that decides what is served exists and agrees with what is served."""
    with _ingestion().connect() as connection:
        row = connection.execute(
            "select count(*), count(*) filter (where r.served_version_id is distinct from d.current_version_id),"
            " count(d.current_version_id)"
            " from marts.document_registry as r join corpus.documents as d on d.id = r.document_id"
        ).fetchone()
    assert row is not None
    if row[1]:
        return Finding("registry", "failed", f"{row[1]} of {row[0]} documents serve another version", "Sync again.")
    found = f"{row[2]} of {row[0]} documents served, all as dbt's registry decided"
    return Finding("registry", "ok", found)


def check_airflow() -> Finding:
    """All of Airflow's components are healthy."""
    from regesta.stack.airflow import AirflowClient
    from regesta.stack.settings import StackSettings

    health = AirflowClient.of(StackSettings()).health()
    sick = [name for name, part in health.items() if part.get("status") not in ("healthy", None)]
    if sick:
        return Finding("airflow", "failed", f"not healthy: {', '.join(sick)}", "`make up` starts what stopped.")
    return Finding("airflow", "ok", "scheduler, triggerer, dag processor and metadata database are healthy")


def check_api() -> Finding:
    """The serving API is ready and accepts this machine's key."""
    import httpx

    from regesta.commands.ask import api_client
    from regesta.stack.settings import StackSettings

    reply = httpx.get(f"{StackSettings().api_url}/health/ready", timeout=5, trust_env=False).json()
    if reply["status"] != "ready":
        return Finding("api", "failed", f"{reply['checks']}", "The first check that is not ok says what to start.")
    api_client().search("ready", 1, "text", {})
    return Finding("api", "ok", f"ready, generator {reply['checks']['generator']}, the key works")
