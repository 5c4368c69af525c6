"""GPTCache with the same vectors: SQLite and FAISS, as its documentation sets it up, and its distance evaluation."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bench import peers
from bench.cache_sets import QuestionSet
from bench.cache_vectors import Vectors
from serving.caching.calibration import Scored

RUN_SECONDS = 900


def decisions(questions: QuestionSet, vectors: Vectors) -> list[tuple[str, Scored]] | None:
    """Return its score and whether its answer is right, for each question; None, saying why, when it cannot run."""
    cached = [entry.text for entry in questions.cached or ()]
    asked = [[question.text, own[0].text if own else ""] for question, own in questions.asked]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "questions.json").write_text(json.dumps({"cached": cached, "asked": asked}), "utf-8")
        texts = questions.texts()
        np.savez(folder / "vectors.npz", texts=np.array(texts), vectors=np.vstack([vectors[text] for text in texts]))
        try:
            peers.run("bench.cache_gptcache_peer", [scratch], RUN_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            detail = getattr(error, "stderr", None) or str(error)
            print(f"GPTCache was not measured: {str(detail).strip()[-600:]}")
            return None
        found = json.loads((folder / "found.json").read_text("utf-8"))
    meanings = {entry.text: entry.meaning for entry in questions.cached or ()}
    outcome = []
    for (score, answer), (question, own) in zip(found, questions.asked, strict=True):
        meaning = own[0].meaning if own else meanings.get(answer)
        outcome.append((question.text, Scored(score, meaning == question.meaning)))
    return outcome
