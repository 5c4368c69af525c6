"""How many questions an answer cache may answer at a proved precision, and whether one passage shares an answer.

A threshold is found on four fifths of the questions and measured on the others, in turn, for each way and each data
set, with several splits. The bound is one-sided, 95 %. Evidence, the third yes, needs documents: it is measured on
questions about one passage, and left out of the others, so that those figures are what similarity and guard do alone.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench import cache_gptcache, cache_passages, cache_plot
from bench.cache_methods import decisions, our_vectors, plain_vectors
from bench.cache_sets import FOLDS, fold_of, load_sets
from bench.cache_vectors import Vectors
from bench.report import Bar, report
from corpus.embedding.packaged import PackagedEmbedder
from corpus.settings import regesta_home
from serving.caching.calibration import NothingProved, Scored, calibrate, lower_bound
from serving.caching.canonical import canonical

TARGETS = (0.97, 0.99)
Decisions = list[tuple[str, Scored]]


@dataclass(frozen=True)
class Measured:
    """What a threshold does on questions it was not found on."""

    hits: float
    precision: float
    bound: float


def run(repeats: int) -> bool:
    """Measure, print, plot and return whether all bars hold."""
    vectors = Vectors(PackagedEmbedder(regesta_home() / "models", threads=0))
    ways: dict[str, dict[str, Decisions]] = {"plain": {}, "regesta": {}, "gptcache": {}}
    for questions in load_sets():
        texts = questions.texts()
        vectors.add([*texts, *map(canonical, texts)])
        ways["plain"][questions.name] = decisions(questions, plain_vectors(vectors), ours=False)
        ways["regesta"][questions.name] = decisions(questions, our_vectors(vectors), ours=True)
        found = cache_gptcache.decisions(questions, vectors)
        if found is not None:
            ways["gptcache"][questions.name] = found
    figures, bounds = _table(ways, repeats)
    passages = asyncio.run(cache_passages.measure(vectors))
    bars = {f"1 − proved precision, {name}": Bar(round(1 - bound, 4), 0.03) for name, bound in bounds.items()}
    bars["false hits between questions about one passage"] = Bar(passages["false hits, three yeses"], 0)
    bars["of four ways to ask one thing, not one entry"] = Bar(cache_passages.logins_apart(), 0)
    cache_plot.draw(ways)
    return report("cache", {**figures, **passages}, bars)


def _table(ways: dict[str, dict[str, Decisions]], repeats: int) -> tuple[dict[str, str], dict[str, float]]:
    table = Table("way", "set", "asked", *(f"hits at ≥ {target}" for target in TARGETS), box=None)
    figures: dict[str, str] = {}
    bounds: dict[str, float] = {}
    for way, sets in ways.items():
        for name, found in sets.items():
            cells = []
            for target in TARGETS:
                measured = [_measured(found, target, seed) for seed in range(repeats)]
                cells.append(_cell(measured))
                if way == "regesta" and target == TARGETS[0]:
                    bounds[name] = statistics.median(entry.bound if entry else 0.0 for entry in measured)
                figures[f"{way}, {name}, ≥ {target}"] = cells[-1]
            table.add_row(way, name, str(len(found)), *cells)
    Console().print(table)
    return figures, bounds


def _measured(found: Decisions, target: float, seed: int) -> Measured | None:
    """Return what thresholds do on questions they were not found on; None when nothing is proved for any fold."""
    hits: list[Scored] = []
    is_proved = False
    for fold in range(FOLDS):
        try:
            calibrated = calibrate([scored for text, scored in found if fold_of(text, seed) != fold], target)
        except NothingProved:
            continue
        is_proved = True
        mine = [scored for text, scored in found if fold_of(text, seed) == fold]
        hits += [scored for scored in mine if scored.score >= calibrated.threshold]
    right = sum(scored.is_right for scored in hits)
    bound = lower_bound(right, len(hits)) if hits else 0.0
    return Measured(len(hits) / len(found), right / max(1, len(hits)), bound) if is_proved else None


def _cell(measured: Sequence[Measured | None]) -> str:
    proved = [entry for entry in measured if entry is not None]
    if not proved:
        return "none proved"
    hits = statistics.median(entry.hits if entry else 0.0 for entry in measured)
    precision = statistics.median(entry.precision for entry in proved)
    bound = statistics.median(entry.bound for entry in proved)
    some = "" if len(proved) == len(measured) else f", proved in {len(proved)} of {len(measured)} splits"
    return f"{hits:.1%} (precision {precision:.3f}, bound {bound:.3f}{some})"
