"""Vectors of questions, kept on disk below the platform's home: a second run embeds nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.embedding.packaged import PackagedEmbedder
from corpus.settings import regesta_home


class Vectors:
    """Looks texts up, and embeds what is missing."""

    def __init__(self, embedder: PackagedEmbedder) -> None:
        self.embedder = embedder
        self._file = regesta_home() / "bench" / f"questions-{embedder.name}-{embedder.revision}.npz"
        self._known: dict[str, NDArray[np.float32]] = {}
        if self._file.exists():
            kept = np.load(self._file)
            self._known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))

    def add(self, texts: Sequence[str]) -> None:
        """Embed those that are missing, and keep them."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if not missing:
            return
        self._known.update(zip(missing, self.embedder.embed(missing, "query"), strict=True))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(self._file, texts=np.array(list(self._known)), vectors=np.vstack(list(self._known.values())))

    def __getitem__(self, text: str) -> NDArray[np.float32]:
        return self._known[text]
