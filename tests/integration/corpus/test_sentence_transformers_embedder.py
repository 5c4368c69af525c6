"""A sentence-transformers model really loaded: the packaged weights, written out in its format.

It runs them through an independent implementation of BERT, so it also checks the ONNX graph.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.embedding import Embedder, EmbedderSpec, EmbeddingError, load_embedder
from corpus.embedding.packaged_model import TOKENIZER, ensure_built
from corpus.embedding.packaged_weights import PackagedWeights, find_weights, read_weights

REASON = "sentence-transformers is not installed; `make torch` installs it"
pytest.importorskip("torch", reason=REASON)
pytest.importorskip("sentence_transformers", reason=REASON)

LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "aln": "attention.output.LayerNorm",
    "oln": "output.LayerNorm",
}
TEXTS = [
    "로그인이 안 돼요",
    "로그인 오류가 나요",
    "오늘 점심 메뉴",
    "How do I get my money back? " * 12,
    "half a pair \ud800",
    "소유권은 러스트의 핵심 개념이다.\n\n```rust\nlet s = String::new();\n```",
]


def bert_tensors(weights: PackagedWeights) -> dict[str, np.ndarray]:
    """The packaged weights under the names of a published BERT checkpoint."""
    width = weights.width
    tensors = {
        "embeddings.word_embeddings.weight": weights.matrix("emb.word", width),
        "embeddings.position_embeddings.weight": weights.vector("emb.pos").reshape(-1, width),
        "embeddings.token_type_embeddings.weight": weights.vector("emb.type").reshape(-1, width),
        "embeddings.LayerNorm.weight": weights.vector("emb.ln.w"),
        "embeddings.LayerNorm.bias": weights.vector("emb.ln.b"),
    }
    for layer in range(weights.layers):
        for short, long in LAYER_NAMES.items():
            source, target = f"l{layer}.{short}", f"encoder.layer.{layer}.{long}"
            matrix = not short.endswith("ln")
            inputs = 1536 if short == "fo" else width
            weight = weights.matrix(source + ".w", inputs) if matrix else weights.vector(source + ".w")
            tensors[target + ".weight"] = weight
            tensors[target + ".bias"] = weights.vector(source + ".b")
    return {name: np.ascontiguousarray(values) for name, values in tensors.items()}


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model folder holding the packaged weights."""
    from safetensors.numpy import save_file
    from transformers import BertConfig, PreTrainedTokenizerFast

    root = tmp_path_factory.mktemp("models")
    built, folder = ensure_built(root), root / "e5-small-local"
    weights = read_weights(find_weights())
    tensors = bert_tensors(weights)
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    BertConfig(
        vocab_size=len(tensors["embeddings.word_embeddings.weight"]),
        hidden_size=weights.width,
        num_hidden_layers=weights.layers,
        num_attention_heads=weights.heads,
        intermediate_size=1536,
        max_position_embeddings=weights.positions,
        type_vocab_size=len(tensors["embeddings.token_type_embeddings.weight"]),
        architectures=["BertModel"],
    ).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_file=str(built / TOKENIZER), pad_token="<pad>", unk_token="<unk>", model_max_length=512
    ).save_pretrained(folder)
    library = "sentence_transformers.models"
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{library}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{library}.Pooling"},
    ]
    write_json(folder / "modules.json", modules)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 512, "do_lower_case": False})
    pooling = {"word_embedding_dimension": weights.width, "pooling_mode_mean_tokens": True}
    write_json(folder / "1_Pooling" / "config.json", pooling)
    return folder


@pytest.fixture(scope="module")
def embedder(folder: Path) -> Embedder:
    return load_embedder(EmbedderSpec(provider="sentence_transformers", model=str(folder), device="cpu", batch_size=2))


@pytest.fixture(scope="module")
def packaged(folder: Path) -> Embedder:
    return load_embedder(EmbedderSpec(provider="packaged", home=folder.parent))


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_vectors_and_counts_agree_with_the_packaged_model(embedder: Embedder, packaged: Embedder, kind: Any) -> None:
    vectors = embedder.embed(TEXTS, kind)
    assert vectors.shape == (len(TEXTS), embedder.dimensions) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    # The same weights in float32 here and in int8 there.
    assert ((vectors * packaged.embed(TEXTS, kind)).sum(axis=1) > 0.995).all()
    assert embedder.count_tokens(TEXTS) == packaged.count_tokens(TEXTS)


def test_it_describes_the_model(embedder: Embedder, folder: Path) -> None:
    assert (embedder.name, embedder.dimensions, embedder.max_tokens) == (folder.name, 384, 512)
    assert len(embedder.revision) == 12


def test_changed_files_are_another_revision(embedder: Embedder, folder: Path) -> None:
    (folder / "note.txt").write_text("retrained")
    try:
        again = load_embedder(EmbedderSpec(provider="sentence_transformers", model=str(folder)))
    finally:
        (folder / "note.txt").unlink()
    assert again.revision != embedder.revision


def test_a_hub_model_in_the_cache_works_offline_under_its_commit(folder: Path, tmp_path: Path) -> None:
    commit = "c0ffee" + "0" * 34
    repository = tmp_path / "hub" / "models--someone--e5"
    for place in ("refs", "snapshots"):
        (repository / place).mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots" / commit).symlink_to(folder)
    code = (
        "from corpus.embedding import *\n"
        "e = load_embedder(EmbedderSpec(provider='sentence_transformers', model='someone/e5'))\n"
        "print(e.name, e.revision, e.embed(['a'], 'query').shape)"
    )
    # In a process of its own: the hub's client reads where its cache is when it is imported.
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    environment.pop("HF_HUB_CACHE", None)
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert result.stdout == f"someone/e5 {commit} (1, 384)\n"


def test_order_threads_and_nothing(embedder: Embedder) -> None:
    assert embedder.embed([], "query").shape == (0, 384)
    assert embedder.count_tokens([]) == []
    expected = embedder.embed(TEXTS, "query")
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(lambda _: embedder.embed(TEXTS[::-1], "query"), range(6)):
            np.testing.assert_allclose(found[::-1], expected, atol=1e-5)


@pytest.fixture
def two_devices(folder: Path) -> Iterator[Embedder]:
    # Two processes on the one processor stand for two GPUs: the same code path.
    spec = EmbedderSpec(provider="sentence_transformers", model=str(folder), device="cpu,cpu", batch_size=2)
    embedder = load_embedder(spec)
    yield embedder
    embedder.close()  # type: ignore[attr-defined]


def test_several_devices_share_bulk_work(embedder: Embedder, two_devices: Embedder) -> None:
    found = two_devices.embed(TEXTS, "passage")
    np.testing.assert_allclose(found, embedder.embed(TEXTS, "passage"), atol=1e-5)


def test_model_that_is_not_there_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    spec = EmbedderSpec(provider="sentence_transformers", model=str(tmp_path / "absent"))
    with pytest.raises(EmbeddingError, match="REGESTA_EMBEDDING_MODEL"):
        load_embedder(spec)
