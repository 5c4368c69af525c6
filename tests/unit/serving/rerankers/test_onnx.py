"""A cross-encoder from a folder: what it is given, in which order its scores come, what it says when it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, save
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from serving.rerankers import RerankerUnavailable, load_reranker
from serving.rerankers.onnx import OnnxReranker
from serving.settings import ServingSettings

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "low", "high", "question"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model whose logit is the sum of the ids in its second segment that are no padding."""
    path = tmp_path_factory.mktemp("reranker")
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(path / "tokenizer.json"))
    names = ("input_ids", "token_type_ids", "attention_mask")
    graph = helper.make_graph(
        [
            helper.make_node("Mul", [names[0], names[1]], ["second"]),
            helper.make_node("Mul", ["second", names[2]], ["read"]),
            helper.make_node("Cast", ["read"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["numbers", "axis"], ["logits"], keepdims=1),
        ],
        "sum",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])],
        [helper.make_tensor("axis", TensorProto.INT64, [1], [1])],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path / "model.onnx"))
    return str(path)


@given(st.lists(st.sampled_from(["low", "high", "high low", "high high high", "neither"]), max_size=20))
def test_scores_are_the_models_in_the_order_of_the_passages(folder: str, passages: list[str]) -> None:
    ids = dict(zip(WORDS, range(len(WORDS)), strict=True))
    expected = [3 + sum(ids.get(word, 1) for word in passage.split()) for passage in passages]
    assert list(OnnxReranker(folder).score("question", passages)) == expected


def test_long_passages_are_cut_and_the_question_is_not(folder: str) -> None:
    (score,) = OnnxReranker(folder).score("question " * 10, ["high " * 5000])
    assert score == 5 * (512 - 13) + 3


def test_a_folder_with_an_exported_model_needs_no_torch(folder: str) -> None:
    settings = ServingSettings(_env_file=None, reranker_model=folder, reranker_languages=["en"])
    reranker = load_reranker(settings)
    assert isinstance(reranker, OnnxReranker)
    assert reranker.languages == frozenset({"en"})


def test_a_broken_model_is_named(folder: str, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"junk")
    with pytest.raises(RerankerUnavailable, match=str(tmp_path)):
        OnnxReranker(str(tmp_path))
    (tmp_path / "tokenizer.json").write_bytes((Path(folder) / "tokenizer.json").read_bytes())
    with pytest.raises(RerankerUnavailable, match=str(tmp_path)):
        OnnxReranker(str(tmp_path))
