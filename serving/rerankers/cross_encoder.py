"""Any cross-encoder that sentence-transformers can load, from the hub or from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from serving.rerankers import RerankerUnavailable

BATCH = 16


class CrossEncoderReranker:
    """Reads question and passage together; `make torch` installs what it runs on."""

    def __init__(self, model: str | None, languages: frozenset[str] | None = None, device: str | None = None) -> None:
        """Load the model.

        Args:
            model: Name on the hub, or a folder.
            languages: What it was taught; None for any.
            device: Of torch; None for the best there is.

        Raises:
            RerankerUnavailable: No model is named, sentence-transformers is not installed, or it cannot load it.
        """
        if model is None:
            raise RerankerUnavailable("Set REGESTA_RERANKER_MODEL to a cross-encoder, or REGESTA_RERANKER to none.")
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise RerankerUnavailable(f"{error}; `make torch` installs it.") from error
        try:
            self._model = CrossEncoder(model, device=device)
        except (OSError, ValueError) as error:
            raise RerankerUnavailable(f"The reranker {model} cannot be loaded: {error}") from error
        self.languages = languages
        self._one_at_a_time = Lock()

    def score(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """Return the model's score of every passage."""
        with self._one_at_a_time:
            scores = self._model.predict(
                [(question, passage) for passage in passages], batch_size=BATCH, show_progress_bar=False
            )
        return [float(score) for score in scores]
