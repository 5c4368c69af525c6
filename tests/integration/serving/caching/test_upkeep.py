"""Calibrate a domain from a file of labelled pairs; see what is kept; forget it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from corpus.models import load, serving_model
from serving.caching.calibration import NothingProved
from serving.caching.pairs import InvalidPairs, read_pairs
from serving.caching.upkeep import calibrate_domain, clear, status
from serving.settings import ServingSettings

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

THINGS = (
    "folder",
    "report",
    "invoice",
    "printer",
    "badge",
    "laptop",
    "desk",
    "parking permit",
    "contract",
    "meeting room",
)
ACTS = ("share", "print", "rename", "archive", "label", "order", "return", "inspect", "insure", "photograph")


def _pairs(path: Path) -> Path:
    """Write 200 pairs: how to do a thing, asked in two ways; and with two different things."""
    rows = []
    for number, thing in enumerate(THINGS):
        for act in ACTS:
            asked = f"How do I {act} a {thing}?"
            rows.append({"question": asked, "other": f"how can i {act} a {thing}", "same": 1})
            another = THINGS[(number + 3) % len(THINGS)]
            rows.append({"question": asked, "other": f"Is there a canteen near the {another}?", "same": 0})
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def test_a_domain_is_calibrated_from_labelled_pairs(
    database: Any, settings: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    pairs = read_pairs(_pairs(tmp_path / "pairs.jsonl"))
    with psycopg.connect(database.conninfo("regesta_serving"), autocommit=True) as connection:
        serving = serving_model(connection)
        embedder = load(serving, settings(ServingSettings))
        found = calibrate_domain(connection, "default", "handbook", serving.id, embedder, pairs, 0.95)
        assert found.lower_bound >= 0.95 and found.hit_count >= 59
        [kept] = status(connection, "default")["thresholds"]
        assert (kept["domain"], kept["threshold"], kept["pair_count"]) == ("handbook", found.threshold, 200)
        assert status(connection, "somebody-else")["thresholds"] == []
        with pytest.raises(NothingProved):
            calibrate_domain(connection, "default", "handbook", serving.id, embedder, pairs[:20], 0.95)
        assert len(status(connection, "default")["thresholds"]) == 1


def test_what_is_cached_is_counted_and_forgotten(database: Any, folder: Folder, reading: Callable[..., Any]) -> None:
    folder.put("harbour.md", "# Harbour\n\nThe old harbour has 12 berths for fishing boats.")
    folder.sync()

    async def scenario() -> None:
        async with reading(folder.name) as reader:
            await reader.ask("How many berths does the old harbour have?")

    asyncio.run(scenario())
    with psycopg.connect(database.conninfo("regesta_serving"), autocommit=True) as connection:
        counted = {row["kind"]: row["entry_count"] for row in status(connection, folder.name)["caches"]}
        assert counted == {"answers": 1, "retrievals": 0, "embeddings": 0}
        clear(connection, folder.name)
        assert all(row["entry_count"] == 0 for row in status(connection, folder.name)["caches"])


@pytest.mark.parametrize(
    "content", ["question,other\na,b\n", "question,other,same\na,b,perhaps\n", "question,other,same\na,,1\n"]
)
def test_a_file_that_says_too_little_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "pairs.csv").write_text(content, "utf-8")
    with pytest.raises(InvalidPairs, match="row 1"):
        read_pairs(tmp_path / "pairs.csv")
