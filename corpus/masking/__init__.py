"""Personal data in text: found by presidio's recognisers and ours, in Korean and English writing, and replaced."""

from __future__ import annotations

from corpus.masking.engine import find
from corpus.masking.findings import DEFAULT_TYPES, NAME_TYPES, TYPES, Finding, Kind, NameFinder, Policy
from corpus.masking.replacement import masked, replace

__all__ = [
    "DEFAULT_TYPES", "NAME_TYPES", "TYPES", "Finding", "Kind", "NameFinder", "Policy", "find", "masked", "replace",
]  # fmt: skip
