"""What real edits cost: the history of a book in English and in Korean, replayed.

Every edit through the pure functions (parse, chunk, hash), and consecutive commits through the real steps: all of
them with REGESTA_BENCH_FULL=1, else the last REGESTA_BENCH_COMMITS (30). Beside it two peers over all edits.
"""

from __future__ import annotations

import os
from typing import Any

from bench import data, incremental_pure, incremental_steps, peers
from bench.replay import History, read_history
from bench.report import Bar, report

LIMITS = {"en": 0.20, "ko": 0.25}


def run(repeats: int) -> bool:
    """Replay both books once: the outcome is a count, which repeating would not change."""
    figures: dict[str, Any] = {}
    bars: dict[str, Bar] = {}
    for language, limit in LIMITS.items():
        folder = data.folder(f"rust-book-{language}")
        if folder is None:
            return True
        history = read_history(folder)
        _pure(language, history, limit, figures, bars)
        _real(language, history, limit, figures, bars)
        for peer, outcome in peers.measure(folder).items():
            figures[f"{language}, peer {peer}, embedder counted, not run"] = outcome
    return report("incremental", figures, bars)


def _pure(language: str, history: History, limit: float, figures: dict[str, Any], bars: dict[str, Bar]) -> None:
    outcome = incremental_pure.measure(history)
    name = f"{language}, every edit, pure functions"
    for key, figure in outcome.items():
        figures[f"{name}: {key}"] = figure
    bars[f"{name}: chunks changed ÷ chunks of edited documents"] = Bar(outcome["ratio"], limit)
    bars[f"{name}: chunks changed by edits of white space alone"] = Bar(outcome["chunks changed by these"], 0)


def _real(language: str, history: History, limit: float, figures: dict[str, Any], bars: dict[str, Bar]) -> None:
    commits = list(history.commits())
    full = os.environ.get("REGESTA_BENCH_FULL") == "1"
    size = len(commits) if full else min(len(commits), int(os.environ.get("REGESTA_BENCH_COMMITS", "30")))
    before, window = commits[: len(commits) - size], commits[len(commits) - size :]
    replayed = incremental_steps.replay(history, before, window)
    expected = incremental_steps.fresh(history, commits)
    name = f"{language}, {'every' if full else f'last {size}'} of {len(commits)} commits, real steps"
    figures[f"{name}: edits"] = replayed.edits
    figures[f"{name}: outcomes of all revisions"] = dict(replayed.outcomes)
    figures[f"{name}: chunks of edited documents"] = replayed.chunks
    figures[f"{name}: chunks re-embedded"] = replayed.embedded
    figures[f"{name}: encoder calls"] = replayed.encoder_calls
    figures[f"{name}: texts encoded"] = replayed.texts_encoded
    figures[f"{name}: rows written, by table"] = dict(replayed.rows_written.most_common())
    figures[f"{name}: seconds per sync, listing to publication"] = replayed.seconds
    figures[f"{name}: edits of white space alone, and what they embedded"] = (
        f"{replayed.blank_edits}: {replayed.blank_embedded}"
    )
    figures[f"{name}: documents deleted"] = len(replayed.deleted)
    figures[f"{name}: documents served at the end"] = len(replayed.state)
    differing = sum(
        replayed.state.get(uri) != expected.get(uri) or not expected[uri][-1] for uri in replayed.state | expected
    )
    ratio = round(replayed.embedded / max(replayed.chunks, 1), 4)
    if full:
        bars[f"{name}: chunks re-embedded ÷ chunks of edited documents"] = Bar(ratio, limit)
    else:
        # A stretch of thirty commits may be far easier or harder than the history (0.03 to 0.42 in the English
        # book): here the bar is what the edits of just these commits change; the history's is held above.
        edits = incremental_pure.measure(History([each for commit in window for each in commit], history.texts))
        figures[f"{name}: chunks re-embedded ÷ chunks of edited documents"] = ratio
        bars[f"{name}: chunks re-embedded, at most those that the edits change"] = Bar(
            replayed.embedded, edits["chunks changed"]
        )
    bars[f"{name}: live chunks of deleted documents"] = Bar(replayed.left, 0)
    bars[f"{name}: deleted documents still served"] = Bar(len(replayed.deleted & replayed.state.keys()), 0)
    bars[f"{name}: documents that differ from a fresh build"] = Bar(differing, 0)
