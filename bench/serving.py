"""How long an answer takes and what it costs: the API in its own process, a model server of known pace behind it.

The first token's overhead is the time from the model's first word leaving the model to its arrival at the caller, both
by the machine's one monotonic clock. What comes before the model has the question (rights, limits, vector, search,
cache of answers) is printed beside it: it is the price of an answer with sources, not of the stream. Client, API,
database and model share this machine's cores.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import uvloop

from bench import serving_plot, serving_search, serving_stack, serving_upstream
from bench.answers import EXAMPLES, ingested, lines
from bench.data import folder
from bench.report import Bar, report
from bench.scratch import scratch_workbench
from bench.search_speed import tiled
from bench.serving_client import Client
from bench.serving_load import AT_ONCE, SECOND, answered_before, keep_asking, numbered
from bench.serving_stack import APP, BARE, Caller, Server, new_key
from bench.serving_streams import FIRST_SECONDS, burst, cpu_per_event, first_tokens, percentiles
from bench.serving_upstream import Pace, Upstream
from corpus.embedding import load_embedder
from ingestion.settings import IngestionSettings
from ingestion.workbench import Workbench
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.settings_file import ensure_settings

STREAMS = {1: 200.0, 50: 40.0, 200: 10.0}
"""How many run at once, and where the cost of an event is measured, how many events each has a second."""
BARE_OPENED_PER_SECOND = 200.0
CALLERS, LOAD_SECONDS = 16, 4.0
PATIENT_CALLERS, PATIENT_SECONDS = 8, 8.0
FIRST_TOKEN_LIMIT, SEARCH_LIMIT, MEAN_LIMIT, SLOW_LIMIT = 50.0, 1.2, 1.8, 3.0
Outcome = tuple[dict[str, Any], dict[str, Bar]]
"""Figures and bars."""


@dataclass(frozen=True)
class Running:
    """What is measured, the questions that are asked, and how often everything is."""

    api: Server
    bare: Server
    upstream: Upstream
    key: str
    asked: Sequence[str]
    questions: Iterator[str]
    repeats: int


def run(repeats: int) -> bool:
    """Measure, print, plot and return whether all bars hold."""
    science = folder("scifact")
    # Before the scratch home takes the place of the machine's, where vectors are kept for the next run.
    embedder = load_embedder(IngestionSettings().embedder_spec())
    searched = serving_search.questions_and_vectors(science, embedder) if science else None
    with ExitStack() as stack:
        bench = stack.enter_context(scratch_workbench())
        stack.enter_context(ingested(bench))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(serving_upstream.running(logs / "model.log"))
        api, bare = (stack.enter_context(serving_stack.running(app, upstream, logs)) for app in (APP, BARE))
        asked = [row["question"] for name in ("", "_heldout") for row in lines(EXAMPLES / f"questions{name}.jsonl")]
        running = Running(api, bare, upstream, new_key("default"), asked, numbered(asked), repeats)
        parts = [_whole_answers(running), _first_tokens(running), _cost(running)]
        if searched is not None:
            parts.append(_search(running, bench, *searched))
    figures, bars = ({name: value for part in parts for name, value in part[place].items()} for place in (0, 1))
    return report("serving", figures, bars)


def _whole_answers(running: Running) -> Outcome:
    """Ask for whole replies: as many as it can give, from the cache and not, and from a model that takes a second."""
    caller = Caller(running.api.url, running.key)
    known = answered_before(caller, running.upstream, running.asked)
    rounds: dict[str, list[Any]] = {"cached": [], "not cached": [], "patient": []}
    for _ in range(running.repeats):
        rounds["cached"].append(keep_asking(caller, cycle(known), CALLERS, LOAD_SECONDS))
        running.upstream.set(AT_ONCE)
        rounds["not cached"].append(keep_asking(caller, running.questions, CALLERS, LOAD_SECONDS))
        running.upstream.set(SECOND)
        rounds["patient"].append(keep_asking(caller, running.questions, PATIENT_CALLERS, PATIENT_SECONDS))
    figures: dict[str, Any] = {}
    for name in ("cached", "not cached"):
        loads = rounds[name]
        figures[f"{CALLERS} callers, {name}: answers per second"] = [load.per_second for load in loads]
        figures |= _times(f"{CALLERS} callers, {name}", [load.milliseconds for load in loads])
        figures[f"{CALLERS} callers, {name}: share from the cache"] = [load.from_cache for load in loads]
    taken = [[one / 1000 for one in load.milliseconds] for load in rounds["patient"]]
    means = [statistics.mean(one) for one in taken]
    slow = [percentiles(one)[1] for one in taken]
    title = f"question to answer, 1 s of it the model's, {PATIENT_CALLERS} callers"
    figures |= {f"{title}: s mean": means, f"{title}: s p95": slow}
    return figures, {f"{title}: mean": _bar(means, MEAN_LIMIT), f"{title}: p95": _bar(slow, SLOW_LIMIT)}


def _first_tokens(running: Running) -> Outcome:
    """Keep streams running, and look at the first token of every new one."""
    client = Client(running.api.url, running.key)
    figures: dict[str, Any] = {}
    drawn: dict[str, dict[str, float]] = {}
    refused = 0
    with _loop() as loop:
        for streams in STREAMS:
            before = serving_stack.component_seconds(running.api)
            given = client, running.upstream, streams, running.questions, running.repeats
            windows = loop.run(first_tokens(*given))
            slow = [percentiles(window.after) for window in windows]
            drawn[f"{streams}"] = {
                "p50": statistics.median(one[0] for one in slow), "p95": statistics.median(one[1] for one in slow)
            }  # fmt: skip
            figures |= _times(f"{streams} streams: first token over the model's own", [one.after for one in windows])
            figures |= _times(f"{streams} streams: before the model has the question", [one.before for one in windows])
            figures[f"{streams} streams: questions refused, of"] = (
                f"{sum(one.refused for one in windows)}, {sum(one.refused + len(one.after) for one in windows)}"
            )
            refused += sum(one.refused for one in windows)
            figures[f"{streams} streams: of that, mean ms by component"] = _components(running.api, before)
        at_once = loop.run(burst(client, running.upstream, max(STREAMS), running.questions))
    title = f"{max(STREAMS)} questions in one moment"
    for name, values in (("first token over the model's own", at_once.after), ("before that", at_once.before)):
        figures[f"{title}: {name}: ms p50, p95"] = "{:.1f}, {:.1f}".format(*percentiles(values))
    figures[f"{title}: refused"] = at_once.refused
    serving_plot.draw("serving.svg", "First token over the model's own, ms, by streams", drawn, FIRST_TOKEN_LIMIT)
    title = f"ms p95 of the first token over the model's own, {max(STREAMS)} streams"
    bars = {title: Bar(round(drawn[f"{max(STREAMS)}"]["p95"], 1), FIRST_TOKEN_LIMIT)}
    return figures, {**bars, "questions refused while streams run": Bar(refused, 0)}


def _cost(running: Running) -> Outcome:
    """Measure the processor time of an event, in turn with the bare app's."""
    bare = Client(running.bare.url)
    client = Client(running.api.url, running.key)
    found: dict[str, dict[str, list[float]]] = {}
    with _loop() as loop:
        for streams, per_second in STREAMS.items():
            words = round(60 * per_second)
            running.upstream.set(Pace(FIRST_SECONDS, words, per_second))
            ways = {
                "API": (running.api, lambda: client.ask(next(running.questions))),
                "bare, the model read": (running.bare, partial(bare.open, "/relayed")),
                "bare": (running.bare, partial(bare.open, "/timed", words=words, per_second=per_second)),
            }
            costs = found[f"{streams}"] = {way: [] for way in ways}
            for _ in range(running.repeats):
                for way, (server, ask) in ways.items():
                    quickly = () if server is running.api else (BARE_OPENED_PER_SECOND,)
                    costs[way].append(loop.run(cpu_per_event(server, streams, ask, *quickly)))
    drawn = {group: {way: statistics.median(costs) for way, costs in ways.items()} for group, ways in found.items()}
    serving_plot.draw("serving-cost.svg", "Processor time of an event, microseconds, by streams", drawn)
    figures = {
        f"{group} streams: µs of processor time per event, {way}": costs
        for group, ways in found.items()
        for way, costs in ways.items()
    }
    return figures, {}


def _search(running: Running, bench: Workbench, questions: Any, passages: Any, vectors: Any) -> Outcome:
    """Compare a search with its statement."""
    admin = EmbeddedPostgres(ensure_settings()).admin("regesta")
    loaded = tiled(bench, admin, questions, passages, serving_search.PASSAGES)
    caller = Caller(running.api.url, new_key(loaded.tenant))
    found = serving_search.compare(caller, loaded.tenant, questions, vectors, running.repeats)
    title = f"search of {serving_search.PASSAGES:,} passages"
    figures = {
        **_times(f"{title}, API", [one.api for one in found]),
        **_times(f"{title}, bare SQL", [one.bare for one in found]),
        f"{title}: API's p50 over bare SQL's": [one.ratio for one in found],
    }
    for part in found[0].parts:
        figures[f"{title}: of that, ms p50 of {part}"] = [statistics.median(one.parts[part]) for one in found]
    return figures, {f"{title}: API's p50 over bare SQL's": _bar([one.ratio for one in found], SEARCH_LIMIT)}


def _loop() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def _times(title: str, repeats: Iterable[Sequence[float]]) -> dict[str, Any]:
    found = [percentiles(values) for values in repeats]
    return {f"{title}: ms p50": [one[0] for one in found], f"{title}: ms p95": [one[1] for one in found]}


def _components(server: Server, before: dict[str, tuple[float, int]]) -> str:
    """Return what each component took on average since then."""
    shown = []
    for component, (seconds, count) in serving_stack.component_seconds(server).items():
        earlier, times = before.get(component, (0.0, 0))
        shown.append(f"{component} {1000 * (seconds - earlier) / max(count - times, 1):.1f}")
    return ", ".join(shown)


def _bar(values: Sequence[float], limit: float) -> Bar:
    return Bar(round(statistics.median(values), 3), limit)
