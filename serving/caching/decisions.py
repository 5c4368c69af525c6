"""What the cache of answers says about a question, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID


@dataclass(frozen=True)
class CachedAnswer:
    """An answer that was given before.

    Attributes:
        answer_id: The answer that was stored; what a thumbs-down evicts.
        text: Cites by number the hits of the question at hand: the ones given to `store` or `lookup`.
        citations: The passages it cites, by first mention.
        generator: What wrote it.
        model: The model that wrote it.
        verified: A person has confirmed it.
    """

    answer_id: UUID
    text: str
    citations: Sequence[UUID] = ()
    generator: str = ""
    model: str = ""
    stored_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    verified: bool = False


@dataclass(frozen=True)
class Decision:
    """Whether a question is answered from the cache.

    Attributes:
        state: hit; miss; or off, when it is not to be cached at all and must not be stored either.
        reason: Which of the three yeses was missing, or why it is off; goes to the query log.
        similarity: Centred cosine to the nearest cached question, 1 for the same canonical form; None without one.
        score: What was compared with the threshold.
        answer: The answer of a hit.
    """

    state: Literal["hit", "miss", "off"]
    reason: str
    similarity: float | None = None
    score: float | None = None
    answer: CachedAnswer | None = None


OFF_DISABLED = Decision("off", "disabled")
EMPTY = Decision("miss", "nothing near")
