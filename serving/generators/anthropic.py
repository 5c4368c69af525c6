"""Answers written by Claude, or by any server that speaks Anthropic's Messages protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from serving.errors import GeneratorUnavailable
from serving.generators import Token, Usage
from serving.generators.patience import Limits, Pieces, patiently
from serving.hits import Hit
from serving.prompt import INSTRUCTIONS, Turn, conversation
from serving.settings import ServingSettings


class AnthropicGenerator:
    """Streams from the Messages API with time limits and retries of its own."""

    name = "anthropic"

    def __init__(self, settings: ServingSettings) -> None:
        from anthropic import AsyncAnthropic, Timeout

        key = settings.anthropic_api_key
        self._max_tokens = settings.answer_max_tokens
        self._limits = Limits.of(settings)
        # Reading has no limit of its own here: `patiently` sets it. It also retries, because the library obeys any
        # `retry-after`, however long.
        self._client = AsyncAnthropic(
            api_key=key.get_secret_value() if key else None,
            base_url=settings.anthropic_base_url,
            max_retries=0,
            timeout=Timeout(None, connect=settings.connect_timeout),
        )

    def stream(
        self, model: str, question: str, hits: Sequence[Hit], history: Sequence[Turn] = ()
    ) -> AsyncIterator[Token | Usage]:
        """Yield the model's tokens as they arrive, then its usage."""
        turns = conversation(question, hits, history)
        return patiently(lambda: self._attempt(model, turns), model, self._limits)

    async def _attempt(self, model: str, turns: Sequence[tuple[str, str]]) -> Pieces:
        """Read one stream.

        The fixed part is marked for the provider's cache; a provider that caches only longer beginnings ignores that.
        """
        messages: Any = [{"role": role, "content": text} for role, text in turns]
        upstream = await self._client.messages.create(
            model=model,
            max_tokens=self._max_tokens,
            system=[{"type": "text", "text": INSTRUCTIONS, "cache_control": {"type": "ephemeral"}}],
            messages=messages,
            stream=True,
        )
        event: Any  # of many kinds; a garbled one lacks what its kind has, which is an error of its own
        read = cached = written = 0
        finished = False
        async with upstream:
            async for event in upstream:
                if event.type == "message_start":
                    usage = event.message.usage
                    cached = usage.cache_read_input_tokens or 0
                    read = usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0)
                elif event.type == "content_block_delta" and event.delta.type == "text_delta" and event.delta.text:
                    yield Token(event.delta.text)
                elif event.type == "message_delta":
                    written = event.usage.output_tokens
                    finished = event.delta.stop_reason is not None
        if not finished:  # a connection that was cut can look like an end
            raise GeneratorUnavailable(f"{model} broke off before the end of its answer.", "broken-off")
        yield Usage(read, written, cached)
