"""How well and how fast search finds: full text, vectors and both, in English and Korean, beside a peer.

Quality is measured on questions with known answers; speed and the recall of the vector index on that set repeated.
`REGESTA_BENCH_PASSAGES` says how often: numbers of passages, by default 10000,100000;
`REGESTA_BENCH_MIXED=1` mixes two passages in each vector instead of shifting copies.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from bench import search_langchain, search_plot, search_rerank, search_speed
from bench.data import folder
from bench.report import Bar, report
from bench.scratch import scratch_workbench
from bench.search_corpus import load_passages
from bench.search_quality import Quality, Searcher, best_weight, measure
from bench.search_sets import QuestionSet, rust_book, scifact
from corpus.database import conninfo
from corpus.embedding import load_embedder
from corpus.settings import regesta_home
from ingestion.settings import IngestionSettings
from ingestion.workbench import Workbench
from regesta.stack.postgres import EmbeddedPostgres
from regesta.stack.settings_file import ensure_settings
from serving.settings import ServingSettings

POINTS_ABOVE = {"scifact": 0.02, "rust-book-ko": 0.0001}
"""By how much nDCG@10 of both arms together must exceed that of the better one."""
LEAST_RECALL = 0.98
Vectors = NDArray[np.float32]


def run(_repeats: int) -> bool:
    """Rank every set each way; weights are chosen on one half of the questions and reported on the other."""
    english, korean = folder("scifact"), folder("rust-book-ko")
    if english is None or korean is None:
        return True
    home = regesta_home()
    embedder = load_embedder(IngestionSettings().embedder_spec())
    # Before the scratch home takes the place of the machine's, where vectors are kept for the next run.
    sets = [(questions, *questions.vectors(embedder)) for questions in (scifact(english), rust_book(korean))]
    figures: dict[str, Any] = {}
    bars: dict[str, Bar] = {}
    ranked: dict[str, dict[str, Quality]] = {}
    with scratch_workbench() as bench:
        admin = EmbeddedPostgres(ensure_settings()).admin("regesta")
        settings = ServingSettings()
        serving = conninfo(settings, "regesta_serving", settings.serving_password)
        loaded_sets = {}
        for given in sets:
            small = loaded_sets[given[0].name] = _load(bench, admin, *given[:2])
            ranked[given[0].name] = _judge(serving, small, given[0], given[2], figures, bars)
        _, held_out = sets[0][0].split()
        with psycopg.connect(serving) as connection:
            ids = dict(zip(sets[0][0].passages, loaded_sets["scifact"].ids, strict=True))
            searcher = Searcher(connection, "scifact")
            figures |= search_rerank.measure(
                home, searcher, sets[0][0], ids, sets[0][2], held_out, settings.text_weight
            )
        figures |= search_langchain.measure(admin, home, *sets[0], held_out)
        for size in map(int, os.environ.get("REGESTA_BENCH_PASSAGES", "10000,100000").split(",")):
            loaded = search_speed.tiled(bench, admin, *sets[0][:2], size)
            figures |= search_speed.speed(serving, loaded, sets[0][0], sets[0][2])
            for share in (100, 10, 1):
                found = search_speed.recall(serving, loaded, sets[0][2], share)
                bars[f"recall@10 of vectors, {size:,} passages, {share} % pass"] = Bar(
                    round(found, 4), LEAST_RECALL, is_least=True
                )
        found = search_speed.recall(serving, small, sets[1][2])
        bars[f"recall@10 of vectors, a tenant of {len(small.ids)} beside them"] = Bar(
            round(found, 4), LEAST_RECALL, is_least=True
        )
    search_plot.draw(ranked)
    return report("search", figures, bars)


def _load(bench: Workbench, admin: str, questions: QuestionSet, passages: Vectors) -> search_speed.Tiled:
    """Load a set as a tenant of its own."""
    with bench.connect() as connection:
        ids = load_passages(connection, questions.name, list(questions.passages.values()), passages)
    search_speed.analyse(admin)
    return search_speed.Tiled(questions.name, ids, passages.astype(np.float16).astype(np.float32))


def _judge(
    serving: str, loaded: search_speed.Tiled, questions: QuestionSet, asked: Vectors, figures: dict[str, Any],
    bars: dict[str, Bar],
) -> dict[str, Quality]:  # fmt: skip
    """Measure every way to search a set."""
    by_key = dict(zip(questions.passages, loaded.ids, strict=True))
    settings = ServingSettings()
    default = settings.text_weight_korean if questions.name.endswith("-ko") else settings.text_weight
    development, held_out = questions.split()
    with psycopg.connect(serving) as connection:
        given = (Searcher(connection, questions.name), questions, by_key, asked)
        chosen = best_weight(*given, development)
        found = {
            "text": measure(*given, held_out, arms="text"),
            "vector": measure(*given, held_out, arms="vector"),
            "ranks (RRF)": measure(*given, held_out, fusion="ranks"),
            f"scores, text {default}": measure(*given, held_out, text_weight=default),
        }
    figures[f"{questions.name}: passages, held-out questions"] = f"{len(by_key)}, {len(held_out)}"
    figures[f"{questions.name}: best weight on the other half"] = chosen
    for way, quality in found.items():
        figures[f"{questions.name}: nDCG@10, recall@100, {way}"] = f"{quality.ndcg:.3f}, {quality.recall:.3f}"
        figures[f"{questions.name}: ms p50, p95, {way}"] = f"{quality.median:.1f}, {quality.slow:.1f}"
    least = round(max(found["text"].ndcg, found["vector"].ndcg) + POINTS_ABOVE[questions.name], 4)
    bars[f"{questions.name}: nDCG@10 of both"] = Bar(list(found.values())[-1].ndcg, least, is_least=True)
    return found
