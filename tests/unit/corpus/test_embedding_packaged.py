"""What the packaged embedder adds around its model: prefixes, cutting, order, threads."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.embedding import Embedder, packaged
from corpus.embedding.packaged import PackagedEmbedder
from corpus.embedding.packaged_tokenizer import BEGIN, END


class CharacterTokenizer:
    """One token per character: its code point."""

    def encode(self, text: str, *, add_special_tokens: bool) -> SimpleNamespace:
        assert not add_special_tokens
        return SimpleNamespace(ids=[ord(character) for character in text])

    def encode_batch_fast(self, texts: list[str], *, add_special_tokens: bool) -> list[SimpleNamespace]:
        return [self.encode(text, add_special_tokens=add_special_tokens) for text in texts]


class EchoSession:
    """Answers with a vector that shows which tokens it was given."""

    def run(self, _: list[str], inputs: dict[str, Any]) -> list[np.ndarray]:
        ids = inputs["input_ids"]
        assert ids.dtype == np.int64 and ids.shape[0] == 1
        vector = np.zeros((1, 384), np.float32)
        vector[0, :4] = [len(ids[0]), ids[0, 0], ids[0, -1], float(np.sum(ids[0] * np.arange(ids.size)))]
        return [vector]


def echo_embedder(threads: int = 1) -> PackagedEmbedder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packaged, "ensure_built", lambda home, progress: home)
        patch.setattr(packaged, "open_session", lambda path: EchoSession())
        patch.setattr(packaged, "Tokenizer", SimpleNamespace(from_file=lambda path: CharacterTokenizer()))
        return PackagedEmbedder(Path("unused"), threads=threads)


ONE, MANY = echo_embedder(1), echo_embedder(4)


def test_it_is_an_embedder() -> None:
    assert isinstance(ONE, Embedder)


@given(st.lists(st.text(max_size=40), max_size=20))
@settings(deadline=None)
def test_each_row_depends_on_its_own_text_alone(texts: list[str]) -> None:
    together = ONE.embed(texts, "passage")
    assert together.shape == (len(texts), 384) and together.dtype == np.float32
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_array_equal(row, ONE.embed([text], "passage")[0])
    np.testing.assert_array_equal(MANY.embed(texts, "passage"), together)


@given(st.text(max_size=1500), st.sampled_from(["query", "passage"]))
@settings(deadline=None)
def test_input_is_prefix_and_text_between_specials_cut_at_the_limit(text: str, kind: Any) -> None:
    row = ONE.embed([text], kind)[0]
    length, first, last = (int(value) for value in row[:3])
    assert length == min(len(f"{kind}: {text}") + 2, ONE.max_tokens)
    assert (first, last) == (BEGIN, END)


def test_query_and_passage_differ_by_their_prefix() -> None:
    query, passage = (ONE.embed(["text"], kind)[0] for kind in ("query", "passage"))
    assert query[0] + len("passage") - len("query") == passage[0]


@given(st.lists(st.text(max_size=2000), max_size=5))
@settings(deadline=None)
def test_count_tokens_counts_content_only_and_never_cuts(texts: list[str]) -> None:
    assert ONE.count_tokens(texts) == [len(text) for text in texts]


def test_zero_threads_means_every_core() -> None:
    assert echo_embedder(0)._threads >= 1
