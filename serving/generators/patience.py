"""Time limits, retries and typed failures of a streamed answer, the same for every provider."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count

from serving.errors import GeneratorUnavailable, Reason
from serving.generators import Token, Usage
from serving.settings import ServingSettings

Pieces = AsyncGenerator[Token | Usage, None]
BACKOFF_SECONDS = 0.25
_MAY_PASS: frozenset[Reason] = frozenset({"unreachable", "rate-limited", "overloaded", "failing", "broken-off"})
_BY_STATUS: dict[int, Reason] = {408: "slow", 429: "rate-limited", 503: "overloaded", 504: "slow", 529: "overloaded"}


@dataclass(frozen=True)
class Limits:
    """How long to wait, in seconds; `first_token` covers every attempt together."""

    first_token: float
    idle: float
    answer: float
    retries: int

    @classmethod
    def of(cls, settings: ServingSettings) -> Limits:
        """Return those of the settings."""
        return cls(
            settings.first_token_timeout, settings.idle_timeout, settings.answer_timeout, settings.generator_retries
        )


async def patiently(begin: Callable[[], Pieces], model: str, limits: Limits) -> AsyncIterator[Token | Usage]:
    """Yield what `begin` yields; while nothing has come, try again what may pass.

    Raises:
        GeneratorUnavailable: A limit was exceeded, or an attempt failed that cannot or may not be tried again.
    """
    now = asyncio.get_running_loop().time
    started = now()
    failure: GeneratorUnavailable | None = None
    for attempt in count():
        sent = False
        try:
            async with aclosing(begin()) as pieces:
                while True:
                    limit = now() + limits.idle if sent else started + limits.first_token
                    async with asyncio.timeout_at(min(limit, started + limits.answer)):
                        piece = await anext(pieces, None)
                    if piece is None:
                        return
                    if not sent and isinstance(piece, Usage):
                        raise GeneratorUnavailable(f"{model} sent an empty answer.", "garbled")
                    sent = True
                    yield piece
        except TimeoutError as error:
            # The time may have run out over a further attempt: then the first failure is the reason.
            slow = GeneratorUnavailable(f"{model} kept us waiting for {now() - started:.1f} s.", "slow")
            raise (slow if sent else failure or slow) from error
        except Exception as error:
            failure = typed(error, model)
            pause = failure.retry_after or BACKOFF_SECONDS * 2**attempt * random.uniform(0.5, 1.5)
            late = now() + pause >= started + limits.first_token
            if sent or late or attempt >= limits.retries or failure.reason not in _MAY_PASS:
                raise failure from error
        await asyncio.sleep(pause)


def typed(error: Exception, model: str) -> GeneratorUnavailable:
    """Return what a client library raised, as the failure it stands for.

    The libraries of Anthropic and OpenAI name their errors alike, so neither is imported here.
    """
    if isinstance(error, GeneratorUnavailable):
        return error
    reason = _reason(error)
    return GeneratorUnavailable(f"{model} could not answer: {type(error).__name__}.", reason, _retry_after(error))


def _reason(error: Exception) -> Reason:
    names = {kind.__name__ for kind in type(error).__mro__}
    status = getattr(error, "status_code", 200)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 400:
        return "failing" if status >= 500 else "refused"
    if "APIConnectionError" in names or names & {"ConnectError", "ConnectTimeout"}:
        return "unreachable"
    if names & {"HTTPError", "OSError"}:
        return "broken-off"
    if "APIError" in names:  # an error event inside a stream that began well
        said = f"{getattr(error, 'body', '')} {error}".lower()
        return "rate-limited" if "rate_limit" in said else "overloaded" if "overloaded" in said else "failing"
    return "refused" if names & {"AnthropicError", "OpenAIError"} else "garbled"


def _retry_after(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    try:
        return float(response.headers["retry-after"]) if response is not None else None
    except (KeyError, ValueError):  # absent, or a date
        return None
