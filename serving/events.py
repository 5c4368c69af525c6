"""What an answer is made of while it arrives: the events of a stream, whatever carries them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

EventKind = Literal["meta", "sources", "token", "usage", "error", "done"]


@dataclass(frozen=True, slots=True)  # hundreds of thousands of them are kept
class Event:
    """One event of an answer, in order: meta, sources, token …, usage, (error,) done.

    Attributes:
        number: Its place in the stream, from 1; what a reader that lost its connection goes on from. 0: not placed yet.
    """

    kind: EventKind
    data: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    def json(self) -> str:
        """Return its data as one line of JSON."""
        return json.dumps(self.data, ensure_ascii=False, default=str)
