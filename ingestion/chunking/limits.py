"""What passages must keep to, and the functions of the embedder and the text analysis that chunking needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

CountTokens = Callable[[Sequence[str]], list[int]]
SplitSentences = Callable[[str], list[str]]
Embed = Callable[[Sequence[str]], Any]
"""Takes texts; returns an array with one row of length 1 for each, always the same for the same text."""


@dataclass(frozen=True)
class ChunkLimits:
    """How passages are cut.

    Attributes:
        window_tokens: How far a boundary looks to both sides; passages of prose are rarely shorter, and about
            twice as long on average.
        max_tokens: The longest passage by the embedder's own tokenizer, headings not counted.
        overlap_tokens: At most so much of the passage before is put in front of a passage of prose. It costs:
            an edit near the end of a passage then changes the next one too.
        embed: Needed by the profile `semantic` only.
    """

    window_tokens: int
    max_tokens: int
    count_tokens: CountTokens
    split_sentences: SplitSentences
    overlap_tokens: int = 0
    embed: Embed | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_tokens <= self.max_tokens // 2:
            raise ValueError(
                f"An overlap of {self.overlap_tokens} tokens does not fit passages of at most {self.max_tokens}: "
                "it may take half of them at most."
            )

    @property
    def room(self) -> int:
        """Tokens a passage may have before an overlap is put in front of it."""
        return self.max_tokens - self.overlap_tokens
