"""A model's band: measured on the model itself, so that narrow and wide ones choose the same sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus.embedding import Kind, Vectors
from serving.generators.band import REACH, Band, band_of, measure


class Letters:
    """Counts pairs of letters; `base` is how alike all texts are at least, as in models with a narrow cone."""

    name, revision, dimensions, max_tokens = "letters", "1", 512, 512

    def __init__(self, base: float) -> None:
        self.base = base
        self.calls = 0

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        self.calls += 1
        counts = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for first, second in pairwise(text.casefold()):
                counts[row, 1 + (31 * ord(first) + ord(second)) % (self.dimensions - 1)] += 1
        counts *= (1 - self.base) ** 0.5 / np.linalg.norm(counts, axis=1, keepdims=True)
        counts[:, 0] = self.base**0.5
        return counts

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


@given(st.floats(0, 0.95))
def test_a_narrow_cone_changes_no_place(base: float) -> None:
    texts = ["The crossing takes 50 minutes.", "섬까지는 배로 50분 걸립니다.", "Nothing of the kind"]
    places = []
    for embedder in (Letters(0), Letters(base)):
        asked = embedder.embed(["How many minutes does the crossing take?"], "query")[0]
        band = measure(embedder)
        places.append([band.place(cosine) for cosine in (embedder.embed(texts, "passage") @ asked).tolist()])
    assert np.allclose(places[0], places[1], atol=2e-3)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_place_is_never_outside(unrelated: float, answer: float, cosine: float) -> None:
    assert 0 <= Band(unrelated, answer).place(cosine) <= 1


def test_answers_are_far_along() -> None:
    band = measure(Letters(0.7))
    assert band.unrelated < band.answer
    assert band.place(band.unrelated) == 0
    assert np.isclose(band.place(band.answer), 1 / REACH)


def test_a_model_is_measured_once() -> None:
    embedder = Letters(0.5)
    first = band_of(embedder)
    calls = embedder.calls
    assert band_of(embedder) is first
    assert embedder.calls == calls
    assert band_of(Letters(0.2)) != first
