"""LangChain's Postgres store on the same server with the same vectors, as its documentation sets it up."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench import peers
from bench.search_quality import ndcg
from bench.search_sets import QuestionSet

RUN_SECONDS = 600


def measure(
    admin: str, home: Path, questions: QuestionSet, passages: NDArray[np.float32], asked: NDArray[np.float32],
    keys: list[str],
) -> dict[str, Any]:  # fmt: skip
    """Return nDCG@10 over some questions, and p50 and p95 of a search; where it cannot run, say why instead.

    Args:
        admin: How to connect as a role that may make a database for it.
        home: Where the peers' environment is.
    """
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("create database peer")
    own = make_conninfo(admin, dbname="peer")
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute("create extension vector")
    places = {key: number for number, key in enumerate(questions.questions)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "passages.json").write_text(json.dumps(list(questions.passages.values())), "utf-8")
        np.save(folder / "vectors.npy", passages)
        np.save(folder / "questions.npy", asked[[places[key] for key in keys]])
        try:
            peers.run("bench.search_langchain_peer", [_url(own), scratch], RUN_SECONDS, home)
        except (OSError, subprocess.SubprocessError) as error:
            detail = getattr(error, "stderr", None) or str(error)
            return {"langchain-postgres": f"not measured: {str(detail).strip()[-600:]}"}
        outcome = json.loads((folder / "found.json").read_text("utf-8"))
    numbers = {key: number for number, key in enumerate(questions.passages)}
    scores = [
        ndcg(found, frozenset(numbers[passage] for passage in questions.relevant[key]))
        for key, found in zip(keys, outcome["found"], strict=True)
    ]
    median, slow = np.percentile(outcome["milliseconds"], [50, 95])
    return {
        f"{questions.name}: nDCG@10, langchain-postgres, vector": f"{statistics.mean(scores):.3f}",
        f"{questions.name}: ms p50, p95, langchain-postgres, vector": f"{median:.1f}, {slow:.1f}",
    }


def _url(info: str) -> str:
    parts = conninfo_to_dict(info)
    return "postgresql+psycopg://{user}:{password}@{host}:{port}/{dbname}".format(**parts)
