"""Where passages end: at local minima, so that boundaries find back to themselves after an edit.

Packing paragraphs greedily until a passage is full shifts every later boundary when one paragraph grows. Here
a boundary stands where a key is the smallest within a window of tokens around it: local-minimum chunking
(Bjørner et al., "Content-dependent chunking for differential compression", 2010), with paragraphs for bytes.
An edit can move only the boundaries within its window, and there is no least length that would carry a shift
further. The key is a hash of the few characters before the boundary, as with bytes: an edit elsewhere in the
paragraph does not move it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from ingestion.chunking.identity import squeezed

_CONTEXT = 24
_REACH = 20 * _CONTEXT  # in code most characters before a boundary may be blanks


def boundary_key(document: str, start: int, end: int) -> bytes:
    """Return the key of a boundary at `end`: a hash of the last characters before it, none from before `start`."""
    before = document[max(start, end - _REACH) : end]
    return hashlib.sha256(squeezed(before)[-_CONTEXT:].encode()).digest()


def cut_points(keys: Sequence[Any], counts: Sequence[int], window: int) -> list[int]:
    """Return the indices at which a new passage begins.

    A cut stands after element i when no element whose end lies within `window` tokens of i's has a smaller
    key; among equal ones, after the first. Both ends of the whole count as the smallest keys of all, so that
    every passage is longer than the window.
    """
    return [
        index + 1
        for index in range(len(keys) - 1)
        if _is_least(keys, counts, index, window, -1) and _is_least(keys, counts, index, window, 1)
    ]


def _is_least(keys: Sequence[Any], counts: Sequence[int], index: int, window: int, way: int) -> bool:
    """Look from the end of element `index` one way: no end within the window may have a smaller key."""
    distance, other = 0, index
    while True:
        distance += counts[other if way < 0 else other + 1]
        if distance > window:
            return True
        other += way
        if not 0 <= other < len(keys) - 1 or keys[other] < keys[index] or (way < 0 and keys[other] == keys[index]):
            return False


def split_at_minima(keys: Sequence[Any], fits: Callable[[int, int], bool]) -> list[int]:
    """Return the indices at which to cut so that every part `fits`: always at the smallest key of what does not.

    Among equal keys the one nearest to the middle is taken. A single element counts as fitting.
    """
    cuts: list[int] = []
    waiting = [(0, len(keys))]
    while waiting:
        start, end = waiting.pop()
        if end - start > 1 and not fits(start, end):
            middle = (start + end) / 2
            cut = 1 + min(range(start, end - 1), key=lambda index: (keys[index], abs(index + 1 - middle)))
            cuts.append(cut)
            waiting += [(start, cut), (cut, end)]
    return sorted(cuts)
