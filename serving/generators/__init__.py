"""Turn passages into an answer, piece by piece, with numbered citations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from corpus.embedding import Embedder
from serving.hits import Hit
from serving.prompt import Turn
from serving.settings import ServingSettings


@dataclass(frozen=True)
class Token:
    """The next piece of the answer's text; `[n]` in it cites the n-th passage."""

    text: str


@dataclass(frozen=True)
class Usage:
    """What the answer took, in tokens of the model that wrote it.

    Attributes:
        input_tokens: All that was read, the cached ones among them.
        cached_tokens: Those the provider had read before and charges less for.
        cost: In the currency of the settings' prices; None when the model has no price there.
        removed_citations: Citations of passages that were not given, taken out of the text.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    cost: float | None = None
    removed_citations: int = 0


class Generator(Protocol):
    """Writes an answer from passages.

    Attributes:
        name: Which implementation: `extractive`, `anthropic`, `openai`.
    """

    name: str

    def stream(
        self, model: str, question: str, hits: Sequence[Hit], history: Sequence[Turn]
    ) -> AsyncIterator[Token | Usage]:
        """Yield tokens, then usage.

        Raises:
            GeneratorUnavailable: The model cannot be reached, refuses, is slow, breaks off or speaks garbage.
        """
        ...


def generator_name(settings: ServingSettings) -> str:
    """Return which generator the settings ask for: `extractive`, `anthropic` or `openai`."""
    if settings.generator != "auto":
        return settings.generator
    return "anthropic" if settings.anthropic_api_key else "openai" if settings.openai_base_url else "extractive"


def load_generator(settings: ServingSettings, embedder_now: Callable[[], Embedder]) -> Generator:
    """Return the generator the settings ask for; without a key or an address that is the extractive one."""
    wanted = generator_name(settings)
    if wanted == "anthropic":
        from serving.generators.anthropic import AnthropicGenerator

        return AnthropicGenerator(settings)
    if wanted == "openai":
        from serving.generators.openai import OpenAIGenerator

        return OpenAIGenerator(settings)
    from serving.generators.extractive import ExtractiveGenerator

    return ExtractiveGenerator(embedder_now)
