"""A cross-encoder exported to ONNX, from a folder: needs no torch, only what the packaged embedder runs on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from corpus.cores import available_cores
from serving.rerankers import RerankerUnavailable

MAX_TOKENS = 512


def exported(folder: str) -> Path | None:
    """Return where a folder holds an exported model, as exporters name it; None when it holds none."""
    candidates = (Path(folder) / name for name in ("model.onnx", "onnx/model.onnx"))
    return next((path for path in candidates if path.is_file()), None)


class OnnxReranker:
    """Reads question and passage together; its one output is the logit that they belong together."""

    def __init__(self, folder: str, languages: frozenset[str] | None = None) -> None:
        """Load `model.onnx` and `tokenizer.json`.

        Args:
            folder: Where they lie; the model may be in `onnx/` below.
            languages: What it was taught; None for any.

        Raises:
            RerankerUnavailable: A file is missing or cannot be read.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
            self._session = onnxruntime.InferenceSession(str(exported(folder)), options, ["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise what their native parts say
            raise RerankerUnavailable(f"The reranker {folder} cannot be loaded: {error}") from error
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._tokenizer.no_padding()
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.languages = languages

    def score(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """Return the model's logit for every passage."""
        # One pair per thread: nothing is padded, a score depends on its own pair alone (int8 scales are a batch's), and
        # threads that share a layer slow each other down when cores are busy elsewhere.
        with ThreadPoolExecutor(available_cores()) as threads:
            return list(threads.map(lambda passage: self._score(question, passage), passages))

    def _score(self, question: str, passage: str) -> float:
        encoded = self._tokenizer.encode(question, passage)
        given = {
            "input_ids": np.array([encoded.ids], np.int64),
            "attention_mask": np.array([encoded.attention_mask], np.int64),
            "token_type_ids": np.array([encoded.type_ids], np.int64),
        }
        row = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        return float(np.asarray(row).reshape(-1)[-1])
