"""Does the extractive generator answer what the documents answer, and refuse what they do not?"""

from __future__ import annotations

import asyncio
import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from bench.data import folder
from bench.report import Bar, report
from bench.scratch import scratch_workbench
from corpus.database import conninfo
from corpus.settings import ROOT
from ingestion import steps
from ingestion.sources import add_source
from ingestion.workbench import Workbench
from serving.access import Scope, authenticate
from serving.citations import cited, groundedness
from serving.connections import ConnectionPool
from serving.generators import Token
from serving.generators.extractive import ExtractiveGenerator
from serving.keys import create_key
from serving.models import ServingModel
from serving.prompt import is_refusal
from serving.retriever import Retriever
from serving.settings import ServingSettings

EXAMPLES = ROOT / "examples"
STRANGERS = 40
"""How many questions of each foreign set are asked."""
Question = dict[str, Any]


def run(repeats: int) -> bool:
    """Ask every set of questions once; nothing here is random, so `repeats` changes nothing."""
    sets = question_sets()
    with scratch_workbench() as bench, ingested(bench):
        outcomes = {name: asyncio.run(_ask_all(questions)) for name, questions in sets.items()}
    figures: dict[str, Any] = {}
    for name, (counts, grounded) in outcomes.items():
        for kind in ("answerable", "unanswerable"):
            if asked := counts[kind]:
                figures[f"{name}: {kind}, right"] = f"{counts[kind, 'right']} of {asked}"
        if counts["answerable"]:
            figures[f"{name}: answerable, refused"] = counts["answerable", "refused"]
            figures[f"{name}: mean groundedness"] = round(sum(grounded) / max(len(grounded), 1), 3)
    held = outcomes["held out"][0]
    bars = {
        "held out: answerable questions missed": Bar(
            round(1 - held["answerable", "right"] / held["answerable"], 3), 0.25
        ),
        "held out: unanswerable questions answered": Bar(
            round(1 - held["unanswerable", "right"] / held["unanswerable"], 3), 0.25
        ),
    }
    return report("answers", figures, bars)


def question_sets() -> dict[str, list[Question]]:
    """Return the tuned set, the held-out one, and foreign sets nobody's handbook answers."""
    sets = {
        "tuned": lines(EXAMPLES / "questions.jsonl"),
        "held out": lines(EXAMPLES / "questions_heldout.jsonl"),
    }
    if banking := folder("banking77"):
        with (banking / "test.csv").open(encoding="utf-8") as rows:
            sets["bank customers"] = _foreign((row["text"] for row in csv.DictReader(rows)), 77)
    if science := folder("scifact"):
        claims = (json.loads(line)["text"] for line in (science / "queries.train.jsonl").open(encoding="utf-8"))
        sets["scientific claims"] = _foreign(claims, 20)
    return sets


def lines(path: Path) -> list[Question]:
    """Read a file of questions, one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _foreign(texts: Iterable[str], step: int) -> list[Question]:
    return [{"question": text, "answer": None, "uri": None} for text in list(texts)[::step][:STRANGERS]]


@contextmanager
def ingested(bench: Workbench) -> Iterator[None]:
    """Have the examples' documents served, by the real steps."""
    with bench.connect() as connection:
        add_source(connection, "sample", str(EXAMPLES / "corpus"))
    run_id, keys = steps.discover(bench, "sample", "local", f"bench__{uuid4()}")
    for key in keys:
        for _, step in steps.BATCH_STEPS:
            key = step(bench, key)
    steps.settle(bench, run_id)
    yield


async def _ask_all(questions: list[Question]) -> tuple[Counter[Any], list[float]]:
    """Return counts by kind and outcome, and the groundedness of every answer."""
    settings = ServingSettings()
    info = conninfo(settings, "regesta_serving", settings.serving_password)
    with psycopg.connect(info) as connection:
        key = create_key(connection, "bench", "default", ["everyone"])
    counts: Counter[Any] = Counter()
    grounded: list[float] = []
    async with ConnectionPool(info, open=False) as pool:
        embedding = ServingModel(pool, settings)
        await embedding.refresh()
        retriever = Retriever(pool, embedding, settings)
        scope = await authenticate(pool, key)
        for question in questions:
            kind = "answerable" if question["answer"] else "unanswerable"
            outcome, share = await _ask(retriever, embedding, scope, settings, question)
            counts.update([kind, (kind, outcome)])
            grounded += [] if share is None else [share]
    return counts, grounded


async def _ask(
    retriever: Retriever, embedding: ServingModel, scope: Scope, settings: ServingSettings, question: Question
) -> tuple[str, float | None]:
    """Right: the known phrase stands in the answer and its document is cited; or nothing is answered, rightly."""
    asked = question["question"]
    hits = (await retriever.retrieve(scope, asked, "hybrid", settings.source_limit)).hits
    generator = ExtractiveGenerator(lambda: embedding.embedder)
    text = "".join([piece.text async for piece in generator.stream("", asked, hits) if isinstance(piece, Token)])
    if is_refusal(text):
        return ("refused" if question["answer"] else "right"), None
    uris = {entry["uri"] for entry in cited(text, hits)}
    found = bool(question["answer"]) and question["answer"] in text and any(u.endswith(question["uri"]) for u in uris)
    return ("right" if found else "wrong"), groundedness(text, hits)
