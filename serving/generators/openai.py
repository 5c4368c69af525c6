"""Answers written by any server that speaks OpenAI's chat completions: vLLM, llama.cpp and others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from serving.errors import GeneratorUnavailable
from serving.generators import Token, Usage
from serving.generators.patience import Limits, Pieces, patiently
from serving.hits import Hit
from serving.prompt import INSTRUCTIONS, Turn, conversation
from serving.settings import ServingSettings


class OpenAIGenerator:
    """Streams chat completions with time limits and retries of its own."""

    name = "openai"

    def __init__(self, settings: ServingSettings) -> None:
        from openai import AsyncOpenAI, Timeout

        key = settings.openai_api_key
        self._max_tokens = settings.answer_max_tokens
        self._limits = Limits.of(settings)
        self._client = AsyncOpenAI(
            api_key=key.get_secret_value() if key else "none",  # a server of one's own often wants no key
            base_url=settings.openai_base_url,
            max_retries=0,  # `patiently` retries
            timeout=Timeout(None, connect=settings.connect_timeout),
        )

    def stream(
        self, model: str, question: str, hits: Sequence[Hit], history: Sequence[Turn] = ()
    ) -> AsyncIterator[Token | Usage]:
        """Yield the model's tokens as they arrive, then its usage."""
        turns = [("system", INSTRUCTIONS), *conversation(question, hits, history)]
        return patiently(lambda: self._attempt(model, turns), model, self._limits)

    async def _attempt(self, model: str, turns: Sequence[tuple[str, str]]) -> Pieces:
        """Read one stream; the fixed part stands first, where servers that cache prefixes find it again."""
        messages: Any = [{"role": role, "content": text} for role, text in turns]
        upstream = await self._client.chat.completions.create(
            model=model,
            max_tokens=self._max_tokens,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
        )
        usage = Usage(0, 0)
        finished = False
        async with upstream:
            async for chunk in upstream:
                if chunk.usage:
                    details = chunk.usage.prompt_tokens_details
                    cached = (details.cached_tokens or 0) if details else 0
                    usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens, cached)
                for choice in chunk.choices[:1]:
                    finished = finished or choice.finish_reason is not None
                    if choice.delta.content:
                        yield Token(choice.delta.content)
        if not finished:
            raise GeneratorUnavailable(f"{model} broke off before the end of its answer.", "broken-off")
        yield usage
