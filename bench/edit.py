"""What an edit costs: one paragraph of 200 changed, and nothing changed, through the real steps."""

from __future__ import annotations

import random
import statistics
import time
from uuid import uuid4

from bench.report import Bar, report
from bench.scratch import scratch_workbench
from ingestion import steps
from ingestion.runs import Receipt
from ingestion.sources import add_source
from ingestion.workbench import Workbench

BUCKET = "documents"
PARAGRAPHS = 200
EDITS = 12
WORDS = """
    account backup calendar document expense folder guide holiday invoice journal key limit meeting notice office
    password quarter report security team update vacation window 계정 비밀번호 로그인 휴가 규정 보안 문서 회의 예산 출장
    """.split()  # noqa: SIM905


def run(repeats: int) -> bool:
    """Edit one paragraph at a time; `repeats` documents, a dozen edits each."""
    embedded: list[int] = []
    seconds: list[float] = []
    idle: list[tuple[int, int]] = []
    with scratch_workbench() as bench:
        for repeat in range(repeats):
            source = f"edit{repeat}"
            with bench.connect() as connection:
                add_source(connection, source, f"s3://{BUCKET}/{source}/")
            generator = random.Random(repeat)
            document = [_paragraph(generator) for _ in range(PARAGRAPHS)]
            first = _sync(bench, source, document)
            for position in generator.sample(range(PARAGRAPHS), EDITS):
                document[position] = _paragraph(generator)
                started = time.perf_counter()
                embedded.append(_sync(bench, source, document).chunks_embedded)
                seconds.append(time.perf_counter() - started)
            idle.append(_unchanged(bench, source))
    figures = {
        "chunks of the document": first.chunks_embedded,
        "chunks embedded per edit, mean": round(statistics.mean(embedded), 2),
        "seconds per edit, listing to publication": seconds,
    }
    return report(
        "edit",
        figures,
        {
            "chunks embedded after one paragraph of 200 changed, most": Bar(max(embedded), 3),
            "chunks embedded by an unchanged run": Bar(max(pair[0] for pair in idle), 0),
            "chunk rows written by an unchanged run": Bar(max(pair[1] for pair in idle), 0),
        },
    )


def _paragraph(generator: random.Random) -> str:
    return " ".join(generator.choices(WORDS, k=generator.randint(15, 70))).capitalize() + "."


def _sync(bench: Workbench, source: str, document: list[str] | None) -> Receipt:
    if document is not None:
        body = ("# Handbook\n\n" + "\n\n".join(document)).encode()
        bench.s3.put_object(Bucket=BUCKET, Key=f"{source}/handbook.md", Body=body)
    run_id, keys = steps.discover(bench, source, "local", f"bench__{uuid4()}")
    for key in keys:
        for _, step in steps.BATCH_STEPS:
            key = step(bench, key)
    return steps.settle(bench, run_id)


def _unchanged(bench: Workbench, source: str) -> tuple[int, int]:
    """Return chunks embedded and chunk rows written by a run over an unchanged source."""
    before = _rows_written(bench)
    receipt = _sync(bench, source, None)
    return receipt.chunks_embedded, _rows_written(bench) - before


def _rows_written(bench: Workbench) -> int:
    """Return how many rows of `corpus.chunks` were ever written, once every session has reported."""
    time.sleep(1.5)  # sessions report their counts at most once a second
    with bench.connect() as connection:
        row = connection.execute(
            "select n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables where relid = 'corpus.chunks'::regclass"
        ).fetchone()
    assert row
    return int(row[0])
