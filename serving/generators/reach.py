"""Whether the provider of the language model takes our key: it is asked for its models, which costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from serving.errors import Reason
from serving.generators.patience import typed
from serving.settings import ServingSettings

TIMEOUT_SECONDS = 5.0
_LISTS_NONE = (404, 405, 501)


@dataclass(frozen=True)
class Reach:
    """What a provider said.

    Attributes:
        address: Where it was asked.
        reason: Why it cannot be used; None when it answered.
        detail: The same in words.
        models: The names it lists; None when it keeps no list, as some servers do.
    """

    address: str
    reason: Reason | None = None
    detail: str = ""
    models: tuple[str, ...] | None = None

    def missing(self, wanted: Sequence[str]) -> list[str]:
        """Return those that are wanted and not listed; a name may leave out the date a listed one ends in."""
        if self.models is None:
            return []
        return [name for name in dict.fromkeys(wanted) if not any(one.startswith(name) for one in self.models)]


def reach(settings: ServingSettings, generator: str) -> Reach:
    """Ask a provider, `anthropic` or `openai`, for its models: once, with the key and address that are set."""
    client = (_anthropic if generator == "anthropic" else _openai)(settings)
    address = str(client.base_url)
    try:
        with client:
            return Reach(address, models=tuple(model.id for model in client.models.list().data))
    except Exception as error:  # whatever a library or a server comes up with is what is to be told
        if getattr(error, "status_code", None) in _LISTS_NONE:
            return Reach(address)
        return Reach(address, typed(error, address).reason, f"{type(error).__name__}: {error}"[:200])


def _anthropic(settings: ServingSettings) -> Any:
    from anthropic import Anthropic

    key = settings.anthropic_api_key
    return Anthropic(
        api_key=key.get_secret_value() if key else None, base_url=settings.anthropic_base_url, max_retries=0,
        timeout=TIMEOUT_SECONDS,
    )  # fmt: skip


def _openai(settings: ServingSettings) -> Any:
    from openai import OpenAI

    key = settings.openai_api_key
    return OpenAI(
        api_key=key.get_secret_value() if key else "none", base_url=settings.openai_base_url, max_retries=0,
        timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
