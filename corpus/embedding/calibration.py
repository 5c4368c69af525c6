"""Measures the exact encoder on a few texts: to scale the int8 one by it, then to check it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from corpus.embedding import EmbeddingError
from corpus.embedding.bert_graph import write_encoder
from corpus.embedding.packaged_weights import PackagedWeights
from corpus.embedding.quantisation import write_exact

Array = NDArray[np.float32]

# The channels to be scaled stand out at `<s>` and `</s>`, so in any text; these cover both
# languages, both prefixes, code, tables and short as well as long input.
_TEXTS = (
    "query: 로그인이 안 될 때 비밀번호를 어떻게 재설정하나요?",
    "query: How do I cancel a bank transfer that has not arrived yet?",
    "query: 환불",
    "passage: 서비스 이용 중 비밀번호를 5회 이상 잘못 입력하면 계정이 잠기며, 등록된 이메일로 본인 확인을 "
    "마친 뒤에 새 비밀번호를 설정할 수 있습니다. 문의는 고객 센터(1588-0000)로 해 주세요.",
    "passage: Alterations of the architecture of cerebral white matter in the developing human "
    "brain can affect cortical development and result in functional disabilities. We measured "
    "diffusion in 24 infants at 28 to 41 weeks (p < 0.05).",
    'passage: ```rust\nfn main() {\n    let mut s = String::from("hello");\n    change(&mut s);\n}\n```',
    "passage: | 항목 | 2023 | 2024 |\n| --- | ---: | ---: |\n| 매출 | 1,240 | 1,385 |\n| 비용 | 980 | 1,012 |",
    "passage: # Release notes\n\n- Fixed: a crash when the list is empty.\n- 추가: 한국어 검색.",
    "passage: hello",
)

_LOWEST_COSINE = 0.995


def open_session(model: str | bytes) -> onnxruntime.InferenceSession:
    """Open a model on one core, its graph untouched; raise EmbeddingError when it cannot be."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no public base class
        raise EmbeddingError(
            f"onnxruntime could not open the packaged model: {error}. Delete its folder to have "
            "it built again, and check that the locked onnxruntime is installed."
        ) from error


def measure_peaks(weights: PackagedWeights, tokenizer: Tokenizer) -> tuple[dict[str, Array], list[Array]]:
    """Run the exact encoder; return each layer's input peaks (inputs,) and one vector per text."""
    graph = write_encoder(weights, write_exact)
    names = [output.name for output in graph.outputs]
    session = open_session(graph.model().SerializeToString())
    runs = [dict(zip(names, session.run(names, {"input_ids": ids}), strict=True)) for ids in _token_ids(tokenizer)]
    peaks = {
        name.removeprefix("peaks/"): np.max([run[name] for run in runs], axis=0)
        for name in names
        if name.startswith("peaks/")
    }
    return peaks, [run["embedding"][0] for run in runs]


def check_fidelity(model: Path, tokenizer: Tokenizer, exact: list[Array]) -> None:
    """Raise EmbeddingError unless the int8 model's vectors point where the exact ones do."""
    session = open_session(str(model))
    vectors = [session.run(None, {"input_ids": ids})[0][0] for ids in _token_ids(tokenizer)]
    lowest = min(float(a @ b) for a, b in zip(vectors, exact, strict=True))
    if not lowest >= _LOWEST_COSINE:
        raise EmbeddingError(
            f"The int8 model differs from the exact one on this machine (cosine {lowest:.4f}, "
            f"expected at least {_LOWEST_COSINE}). Check that onnxruntime supports this processor, "
            "or use the sentence_transformers or http provider."
        )


def _token_ids(tokenizer: Tokenizer) -> list[NDArray[np.int64]]:
    return [np.array([tokenizer.encode(text).ids], np.int64) for text in _TEXTS]
