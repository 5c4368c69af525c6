"""The size of the caches: the longest unused entries make room, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from serving.access import Statement
from sql import queries


@dataclass
class Room:
    """How much is kept per tenant.

    Attributes:
        answers: Cached answers; all of a tenant's are compared with a question: 12 ms for the default.
        every: Entries put between two looks at the limits, which may be exceeded by as many per worker.
    """

    answers: int = 5_000
    retrievals: int = 5_000
    embeddings: int = 20_000
    every: int = 50
    _puts: int = field(default=0, init=False)

    def for_one_more(self) -> list[Statement]:
        """Count one more entry; at every `every`-th, return what drops too much, for the transaction that puts it."""
        self._puts += 1
        if self._puts % self.every:
            return []
        limits = {"answers": self.answers, "retrievals": self.retrievals, "embeddings": self.embeddings}
        return [(queries("caches")["trim"], limits)]
