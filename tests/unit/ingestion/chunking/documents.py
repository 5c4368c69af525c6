"""A tokenizer and a sentence splitter that need no model, and documents to cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from ingestion.chunking import ChunkLimits
from ingestion.items import Element


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def split_sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", text) if part]


def letters(texts: Sequence[str]) -> np.ndarray:
    """Vectors that are alike where the same letters occur."""
    rows = np.array([[text.count(letter) + 0.01 for letter in "가나다abc01"] for text in texts])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


LIMITS = ChunkLimits(
    window_tokens=16, max_tokens=64, count_tokens=count_words, split_sentences=split_sentences, embed=letters
)
_TEXTS = st.text(alphabet="가나다abc01 .!?\n-|", min_size=0, max_size=600)
_ROWS = st.lists(st.text("가나ab 12|", min_size=1, max_size=60), min_size=1, max_size=30).map("\n".join)
DOCUMENTS = st.lists(
    st.one_of(
        st.builds(Element, st.just("text"), _TEXTS),
        st.builds(Element, st.just("heading"), st.text("제목xyz ", max_size=8), st.integers(1, 4)),
        st.builds(Element, st.just("table"), _ROWS),
        st.builds(Element, st.just("code"), _TEXTS),
    ),
    max_size=20,
)
