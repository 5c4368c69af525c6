"""Validation between embedding and publication, in a real run with the real embedder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ingestion.errors import ValidationFailed

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

GOOD = "# 보안 규정\n\n노트북은 5분 동안 쓰지 않으면 잠깁니다.\n\n## Keys\n\nKeys rotate every 90 days."
IN_NO_LANGUAGE_WE_KNOW = "# ᏣᎳᎩ\n\nᎣᏏᏲ ᎾᏍᎩ ᎦᏬᏂᎯᏍᏗ ᏣᎳᎩ ᎠᏂᏴᏫᏯᎢ ᎤᎾᏙᏢᏅᎯ."


class Noise:
    """An embedder that has gone wrong: the real one, except that every vector is the same number throughout."""

    def __init__(self, embedder: Any, value: float) -> None:
        self._embedder, self._value = embedder, value

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str], kind: str) -> np.ndarray:
        return np.full((len(texts), self._embedder.dimensions), self._value, np.float32)


def results(folder: Folder) -> dict[str, tuple[bool, int, int]]:
    rows = folder.query(
        "select v.expectation, v.is_successful, v.element_count, v.unexpected_count from landing.validations as v"
        " join landing.runs as r on r.id = v.run_id join landing.sources as s on s.id = r.source_id where s.name = %s",
        folder.name,
    )
    return {name: (is_successful, count, unexpected) for name, is_successful, count, unexpected in rows}


def test_a_good_batch_is_published_and_its_results_are_rows(folder: Folder) -> None:
    folder.put("rules.md", GOOD)
    assert folder.sync().indexed == 1
    found = results(folder)
    assert found["document_has_passages"] == (True, 1, 0)
    assert found["chunk_has_no_unmasked_personal_data"] == (True, 2, 0)
    assert found["vector_has_unit_length"] == (True, 2, 0)
    assert all(is_successful for is_successful, _, _ in found.values())


def test_a_failing_document_is_quarantined_by_name_and_the_others_are_published(folder: Folder) -> None:
    folder.put("rules.md", GOOD)
    folder.put("odd.md", IN_NO_LANGUAGE_WE_KNOW)
    receipt = folder.sync()
    assert (receipt.state, receipt.indexed, receipt.quarantined) == ("succeeded", 1, 1)
    assert folder.problems(receipt) == {"odd.md": "validation: document_language_is_known"}
    assert results(folder)["document_language_is_known"] == (False, 2, 1)


@pytest.mark.parametrize(
    ("value", "expectation"), [(float("nan"), "vector_is_finite"), (1.0, "vector_has_unit_length")]
)
def test_vectors_of_a_broken_model_are_never_served(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, value: float, expectation: str
) -> None:
    folder.put("rules.md", GOOD)
    monkeypatch.setitem(vars(folder.bench), "embedder", Noise(folder.bench.embedder, value))
    with pytest.raises(ValidationFailed, match=expectation):
        folder.sync()
    assert folder.live_texts() == set()
    assert results(folder)[expectation] == (False, 2, 2)


def test_masked_personal_data_passes(folder: Folder) -> None:
    folder.put("contact.md", "# 연락처\n\n전화 010-2345-6789, 메일 hong.gildong@example.com 으로 문의하세요.")
    receipt = folder.sync()
    assert (receipt.indexed, receipt.quarantined) == (1, 0)
    assert results(folder)["chunk_has_no_unmasked_personal_data"] == (True, 1, 0)
