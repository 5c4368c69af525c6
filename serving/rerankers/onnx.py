"""A cross-encoder exported to ONNX, from a folder: needs no torch, only what the packaged embedder runs on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from corpus.cores import available_cores
from serving.rerankers import RerankerUnavailable

BATCH = 8
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
        options.intra_op_num_threads = available_cores()
        try:
            self._tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
            self._session = onnxruntime.InferenceSession(str(exported(folder)), options, ["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise what their native parts say
            raise RerankerUnavailable(f"The reranker {folder} cannot be loaded: {error}") from error
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._tokenizer.enable_padding()
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.languages = languages

    def score(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """Return the model's logit for every passage."""
        scores = [0.0] * len(passages)
        order = sorted(range(len(passages)), key=lambda place: len(passages[place]))  # little padding in a batch
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            encoded = self._tokenizer.encode_batch([(question, passages[place]) for place in places])
            given = {
                "input_ids": np.array([each.ids for each in encoded], np.int64),
                "attention_mask": np.array([each.attention_mask for each in encoded], np.int64),
                "token_type_ids": np.array([each.type_ids for each in encoded], np.int64),
            }
            rows = self._session.run(None, {name: given[name] for name in self._inputs})[0]
            for place, row in zip(places, np.asarray(rows, np.float64).reshape(len(places), -1), strict=True):
                scores[place] = float(row[-1])
        return scores
