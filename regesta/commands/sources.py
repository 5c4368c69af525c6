"""`regesta sources …`: where documents come from, and how they are treated."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from regesta.output import AsJson, console, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Where documents come from.")

Schedule = Annotated[str | None, typer.Option(help="hourly, nightly (02:00 UTC) or manual.")]
Pii = Annotated[str | None, typer.Option(help="Personal data: mask, hash, drop or allow.")]
Profile = Annotated[str | None, typer.Option(help="How documents are cut: structure, heading, fixed or semantic.")]
Groups = Annotated[list[str] | None, typer.Option(help="Group that may read them; repeatable.")]
Authority = Annotated[int | None, typer.Option(min=0, max=100, help="Trust among near-duplicates.")]
AllowHost = Annotated[list[str] | None, typer.Option(help="Another host pages may lie on; host:port; repeatable.")]
KeepRawDays = Annotated[int | None, typer.Option(min=0, help="Days raw bytes outlive their last version.")]
AnswerTtl = Annotated[
    int | None, typer.Option(min=0, max=86_400, help="Seconds an answer from it may be given again; 0 never.")
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What you will type: lower-case letters, digits, - and _.")],
    uri: Annotated[str, typer.Argument(help="s3://bucket/prefix, a folder, https://site/sitemap.xml, or upload://")],
    kind: Annotated[str, typer.Option(help="s3, folder, http or upload; auto takes it from the address.")] = "auto",
    tenant: Annotated[str, typer.Option(help="Whose documents these are.")] = "default",
    schedule: Schedule = None,
    pii: Pii = None,
    profile: Profile = None,
    group: Groups = None,
    authority: Authority = None,
    allow_host: AllowHost = None,
    keep_raw_days: KeepRawDays = None,
    answer_ttl: AnswerTtl = None,
    as_json: AsJson = False,
) -> None:
    """Add a source; adding the same one again changes nothing."""
    from ingestion.settings import IngestionSettings
    from ingestion.sources import add_source
    from ingestion.workbench import Workbench

    policy = _policy(schedule, pii, profile, group, authority, allow_host, keep_raw_days, answer_ttl)
    with Workbench(IngestionSettings()).connect() as connection:
        source = add_source(connection, name, uri, tenant, kind=kind, **policy)
    _print(source, as_json)
    if not as_json:
        upload = source.kind == "upload"
        console.print(f"Next: regesta {f'upload FILE --source {name}' if upload else f'sync {name}'}")


@app.command()
def change(
    name: Annotated[str, typer.Argument(help="Name of a source.")],
    schedule: Schedule = None,
    pii: Pii = None,
    profile: Profile = None,
    group: Groups = None,
    authority: Authority = None,
    allow_host: AllowHost = None,
    keep_raw_days: KeepRawDays = None,
    answer_ttl: AnswerTtl = None,
    keep_raw_for_ever: Annotated[bool, typer.Option("--keep-raw-for-ever", help="Never drop raw bytes.")] = False,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Part of schedules and events.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change how a source is treated; what is given replaces what was set.

    Groups and authority hold at once, also for the documents there are. After another policy for personal data
    or another profile, the next sync takes every document in anew.
    """
    from ingestion.errors import IngestionError
    from ingestion.settings import IngestionSettings
    from ingestion.sources import change_source
    from ingestion.workbench import Workbench
    from regesta.commands.upload import operator

    policy = _policy(schedule, pii, profile, group, authority, allow_host, keep_raw_days, answer_ttl)
    if keep_raw_for_ever:
        policy["raw_retention_days"] = None
    if enable is not None:
        policy["is_enabled"] = enable
    if not policy:
        raise IngestionError("Nothing to change was given; see `regesta sources change --help`.")
    with Workbench(IngestionSettings()).connect() as connection:
        source = change_source(connection, name, operator(), **policy)
    _print(source, as_json)


def _policy(
    schedule: str | None, pii: str | None, profile: str | None, groups: list[str] | None, authority: int | None,
    hosts: list[str] | None, keep_raw_days: int | None, answer_ttl: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Return what was given; the rest is left to the defaults, or as it is."""
    given = {
        "schedule": schedule, "pii_policy": pii, "chunking_profile": profile, "access_groups": groups or None,
        "authority": authority, "allowed_hosts": hosts or None, "raw_retention_days": keep_raw_days,
        "answer_ttl_seconds": answer_ttl,
    }  # fmt: skip
    return {key: value for key, value in given.items() if value is not None}


def _print(source: Any, as_json: bool) -> None:
    if as_json:
        print_json(vars(source))
        return
    console.print(
        f"Source [bold]{source.name}[/] ({source.kind}) → {source.uri}\n"
        f"  {source.schedule}; personal data: {source.pii_policy}; cut by {source.chunking_profile}; "
        f"groups: {', '.join(source.access_groups)}; authority {source.authority}"
        + ("" if source.is_enabled else "; disabled")
    )


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the sources with their document counts and last run."""
    from ingestion.settings import IngestionSettings
    from ingestion.sources import list_sources
    from ingestion.workbench import Workbench

    with Workbench(IngestionSettings()).connect() as connection:
        rows = list_sources(connection)
    if as_json:
        print_json(rows)
        return
    columns = (
        "name", "kind", "uri", "tenant_id", "access_groups", "schedule", "document_count", "last_run_state",
        "last_run_at",
    )  # fmt: skip
    print_table(rows, columns, "No sources yet. Add one: regesta sources add NAME s3://bucket/prefix")
