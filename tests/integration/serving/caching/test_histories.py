"""Whatever happens to documents, nothing stale is given: random histories of edits, rollbacks, deletions and groups."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from ingestion import versions
from ingestion.errors import IngestionError
from ingestion.sources import change_source

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder
    from tests.integration.serving.caching.conftest import Reader

STEPS = 14
FACTS = {
    "harbour.md": ("# Harbour\n\nThe old harbour has {} berths for fishing boats.",
                   "How many berths does the old harbour have?"),
    "library.md": ("# 도서관\n\n중앙 도서관은 책을 {}권까지 빌려줍니다.", "중앙 도서관은 책을 몇 권까지 빌려주나요?"),
    "museum.md": ("# Museum\n\nA ticket for the glass museum costs {} euros.",
                  "How much does a ticket for the glass museum cost?"),
}  # fmt: skip
GROUPS = (["staff"], ["guests"], ["staff", "guests"])


class History:
    """One source with three documents, changed at random, and what is true of it now."""

    def __init__(self, folder: Folder, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.groups = ["staff", "guests"]
        self.present = set(FACTS)
        for path in FACTS:
            folder.put(path, self._content(path))
        folder.sync()

    def step(self) -> None:
        path = self.random.choice(sorted(FACTS))
        change = self.random.choice(
            [self._edit, self._edit, self._roll_back, self._release, self._delete, self._regroup]
        )
        change(path)

    def _content(self, path: str) -> str:
        return FACTS[path][0].format(self.random.randint(2, 999))

    def _edit(self, path: str) -> None:
        self.folder.put(path, self._content(path), later=True)
        self.present.add(path)
        self.folder.sync(confirm_removals=True)

    def _delete(self, path: str) -> None:
        if len(self.present) > 1:
            self.folder.delete(path)
            self.present.discard(path)
            self.folder.sync(confirm_removals=True)

    def _roll_back(self, path: str) -> None:
        self._try(
            lambda connection, document: versions.restore_document(connection, document, None, "tester", "back"), path
        )

    def _release(self, path: str) -> None:
        self._try(lambda connection, document: versions.release(connection, document, "tester"), path)

    def _regroup(self, path: str) -> None:
        self.groups = self.random.choice(GROUPS)
        with self.folder.bench.connect() as connection:
            change_source(connection, self.folder.name, actor="tester", access_groups=self.groups)

    def _try(self, change: Callable[[Any, Any], Any], path: str) -> None:
        # There may be no earlier version, or nothing pinned: then nothing happens.
        with suppress(IngestionError), self.folder.bench.connect() as connection:
            change(connection, self.folder.document_id(path))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_history_leaves_a_stale_answer(
    new_folder: Callable[..., Folder], reading: Callable[..., Any], seed: int
) -> None:
    history = History(new_folder(access_groups=["staff", "guests"]), seed)

    async def scenario() -> int:
        hits = 0
        async with reading(history.folder.name, ("staff",)) as staff:
            for _ in range(STEPS):
                for reader in (staff, staff.as_("guests")):
                    for _, question in FACTS.values():
                        await reader.ask(question)
                await asyncio.to_thread(history.step)
                hits += await _check(history, staff) + await _check(history, staff.as_("guests"))
        return hits

    assert asyncio.run(scenario()) > STEPS, "the cache was never used, so nothing was tested"


async def _check(history: History, reader: Reader) -> int:
    """Assert that every hit quotes what is served now to this reader; return how many hits there were."""
    live = history.folder.live_texts()
    hits = 0
    for _, question in FACTS.values():
        decision = await reader.lookup(question)
        if decision.answer is None:
            continue
        hits += 1
        quotes = [part.strip() for part in re.split(r"\[\d+\]", decision.answer.text) if part.strip()]
        assert all(any(quote in text for text in live) for quote in quotes), (question, decision.answer.text)
        assert set(reader.scope.access_groups) & set(history.groups), (question, history.groups)
    return hits
