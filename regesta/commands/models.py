"""`regesta models …`: change the embedding model while the old one goes on serving."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from regesta.output import AsJson, console, print_json, print_table

if TYPE_CHECKING:
    from corpus.models import Model
    from ingestion.workbench import Workbench

app = typer.Typer(no_args_is_help=True, help="Change the embedding model without downtime.")
Wanted = Annotated[str, typer.Argument(metavar="MODEL", help="Id, name, or name@revision; see `regesta models list`.")]
ApprovedBy = Annotated[str, typer.Option(help="Who lets it serve.", default_factory=getpass.getuser)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List every model that was registered, and what is still missing of each."""
    from corpus.models import list_models
    from ingestion.reembedding.switching import backlog

    with _workbench().connect() as connection:
        rows = [
            {**vars(model), "missing": None if model.is_dropped else backlog(connection, model)}
            for model in list_models(connection)
        ]
    if as_json:
        print_json(rows)
        return
    columns = ("id", "name", "revision", "dimensions", "state", "missing", "approved_by", "served_until", "is_dropped")
    print_table(rows, columns, "No model is registered yet; run `regesta setup`.")


@app.command()
def estimate(wanted: Wanted, as_json: AsJson = False) -> None:
    """Say what building a registered model will cost: passages, tokens, time (measured on a sample)."""
    from corpus.models import find_model, load
    from ingestion import reembedding

    bench = _workbench()
    with bench.connect() as connection:
        model = find_model(connection, wanted)
        found = reembedding.estimate(connection, model, load(model, bench.settings))
    print_json(found.as_dict()) if as_json else console.print(f"{model}: {found}")


@app.command()
def build(
    provider: Annotated[str, typer.Option(help="packaged, sentence_transformers or http.")],
    model: Annotated[str | None, typer.Option(help="Hub name, folder, or the server's name of it.")] = None,
    revision: Annotated[str | None, typer.Option(help="Hub revision, or what the server serves.")] = None,
    url: Annotated[str | None, typer.Option(help="Base URL of an `/v1/embeddings` server.")] = None,
    dimensions: Annotated[int | None, typer.Option(min=1, help="Needed by http only.")] = None,
    query_prefix: Annotated[str | None, typer.Option(help="Put before questions.")] = None,
    passage_prefix: Annotated[str | None, typer.Option(help="Put before passages.")] = None,
    yes: Yes = False,
) -> None:
    """Build a model's vectors beside the serving ones; stopped at any time, it goes on where it was."""
    from ingestion import reembedding

    bench = _workbench()
    spec = reembedding.candidate_spec(
        bench.settings, provider, model, revision=revision, url=url, dimensions=dimensions,
        query_prefix=query_prefix, passage_prefix=passage_prefix,
    )  # fmt: skip
    with bench.connect() as connection:
        candidate, embedder = reembedding.load_candidate(connection, spec)
        found = reembedding.estimate(connection, candidate, embedder)
        console.print(f"{candidate}, model {candidate.id}: {found}")
        if found.chunks and not yes:
            typer.confirm("Build it now?", abort=True)
        columns = (TextColumn("embedding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task("", total=found.chunks)
            built = reembedding.build(
                connection, candidate, embedder, progress=lambda count: progress.advance(bar, count)
            )
        reembedding.index_tenants(connection, candidate, bench.settings.tenant_partition_chunks)
    console.print(f"{built:,} passages embedded. Next: regesta models compare {candidate.id}")


@app.command()
def compare(wanted: Wanted, as_json: AsJson = False) -> None:
    """Ask the golden set of the serving model and of another, by their vectors alone."""
    from corpus.models import find_model
    from ingestion.reembedding import compare_with_serving

    bench = _workbench()
    with bench.connect() as connection:
        found = compare_with_serving(connection, find_model(connection, wanted), bench.settings)
    if as_json:
        print_json(found.as_dict())
        return
    print_table(found.rows(), ("model", "language", "questions", "hit_at_1", "hit_at_5", "mrr"), "")
    console.print(found.note())


@app.command()
def switch(wanted: Wanted, approved_by: ApprovedBy, yes: Yes = False) -> None:
    """Let a built model serve; nobody who searches notices."""
    from corpus.models import find_model
    from ingestion.reembedding.switching import LARGEST_TOP_UP

    bench = _workbench()
    with bench.connect() as connection:
        _switch(bench, connection, find_model(connection, wanted), approved_by, yes, LARGEST_TOP_UP)


@app.command()
def back(approved_by: ApprovedBy, yes: Yes = False) -> None:
    """Let the previous model serve again; what was published since is embedded with it first."""
    from ingestion.reembedding import previous_model

    bench = _workbench()
    with bench.connect() as connection:
        _switch(bench, connection, previous_model(connection), approved_by, yes, None)


@app.command()
def drop(
    wanted: Wanted,
    force: Annotated[bool, typer.Option(help="Also while it is the way back.")] = False,
    yes: Yes = False,
) -> None:
    """Remove the vectors of a model that does not serve."""
    from corpus.models import find_model
    from ingestion import reembedding

    bench = _workbench()
    with bench.connect() as connection:
        model = find_model(connection, wanted)
        if not yes:
            typer.confirm(f"Remove the vectors of {model}?", abort=True)
        reembedding.drop(connection, model, bench.settings.retention_days, force)
    console.print(f"The vectors of {model} are gone.")


def _workbench() -> Workbench:
    from ingestion.settings import IngestionSettings
    from ingestion.workbench import Workbench

    return Workbench(IngestionSettings())


def _switch(
    bench: Workbench, connection: Any, model: Model, approved_by: str, yes: bool, largest_top_up: int | None
) -> None:
    from corpus.models import load
    from ingestion import reembedding

    if not yes:
        typer.confirm(f"Let {model} serve?", abort=True)
    embedder = load(model, bench.settings)
    with console.status("embedding what is new, then switching"):
        reembedding.switch(connection, model, embedder, approved_by, largest_top_up)
    console.print(f"{model} serves. The way back: regesta models back")
