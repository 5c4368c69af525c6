"""A cross-encoder really loaded: a tiny one made here, compared with its own weights run without the library."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from serving.rerankers import RerankerUnavailable
from serving.rerankers.cross_encoder import BATCH, CrossEncoderReranker

REASON = "sentence-transformers is not installed; `make torch` installs it"
torch = pytest.importorskip("torch", reason=REASON)
pytest.importorskip("sentence_transformers", reason=REASON)

WORDS = "[PAD] [UNK] [CLS] [SEP] reset your password canteen opens noon 비밀번호 재설정 식당".split()  # noqa: SIM905
QUESTION = "reset password"
PASSAGES = ["reset your password", "canteen opens noon", "비밀번호 재설정", "식당", "unheard of words"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder's folder: one layer of random weights over a dozen words."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny-cross-encoder"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, num_labels=1, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False, strip_accents=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def reranker(folder: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(str(folder), frozenset({"en"}), device="cpu")


def plain_scores(folder: Path, passages: list[str]) -> Any:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    found = []
    with torch.no_grad():
        for passage in passages:
            found.append(model(**tokenizer(QUESTION, passage, return_tensors="pt")).logits.item())
    return found


def test_scores_are_the_models_in_the_order_of_the_passages(folder: Path, reranker: CrossEncoderReranker) -> None:
    passages = PASSAGES * BATCH  # more than a batch
    expected = torch.tensor(plain_scores(folder, PASSAGES))
    scores = torch.tensor(reranker.score(QUESTION, passages)).reshape(BATCH, len(PASSAGES))
    # The library gives logits or their sigmoid, as the model's configuration says; neither changes the order.
    close = [torch.allclose(scores, wanted.expand_as(scores), atol=1e-4) for wanted in (expected, expected.sigmoid())]
    assert any(close)
    assert len(set(expected.tolist())) == len(PASSAGES)


def test_it_says_what_it_was_taught_and_takes_nothing(reranker: CrossEncoderReranker) -> None:
    assert reranker.languages == frozenset({"en"})
    assert list(reranker.score(QUESTION, [])) == []


def test_threads_take_turns(reranker: CrossEncoderReranker) -> None:
    expected = reranker.score(QUESTION, PASSAGES)
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(lambda _: reranker.score(QUESTION, PASSAGES), range(6)):
            assert found == pytest.approx(expected, abs=1e-5)


def test_a_model_that_is_not_there_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(RerankerUnavailable, match="absent"):
        CrossEncoderReranker(str(tmp_path / "absent"), device="cpu")
