"""Turn passages into an answer, piece by piece, with numbered citations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from corpus.embedding import Embedder
from serving.retriever import Hit
from serving.settings import ServingSettings


@dataclass(frozen=True)
class Token:
    """The next piece of the answer's text; `[n]` in it cites the n-th passage."""

    text: str


@dataclass(frozen=True)
class Usage:
    """What the answer cost, in tokens of the model that wrote it."""

    input_tokens: int
    output_tokens: int


class Generator(Protocol):
    """Writes an answer from passages.

    Attributes:
        name: Which implementation: `extractive`, `anthropic`.
        model: The model that writes.
    """

    name: str
    model: str

    def stream(self, question: str, hits: Sequence[Hit]) -> AsyncIterator[Token | Usage]:
        """Yield tokens, then usage.

        Raises:
            GeneratorUnavailable: The model cannot be reached, refuses or breaks off.
        """
        ...


def load_generator(settings: ServingSettings, embedder_now: Callable[[], Embedder]) -> Generator:
    """Return the generator the settings ask for; without a key that is the extractive one."""
    from serving.generators.extractive import ExtractiveGenerator

    wanted = settings.generator
    if wanted == "auto":
        wanted = "anthropic" if settings.anthropic_api_key else "extractive"
    if wanted == "extractive":
        return ExtractiveGenerator(embedder_now)
    from serving.generators.anthropic import AnthropicGenerator

    return AnthropicGenerator(settings)
