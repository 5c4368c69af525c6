"""What is looked for: the types of personal data, and one place in a text that holds some."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Literal

Policy = Literal["mask", "hash", "drop", "allow"]
"""What happens to a finding: replaced by its type, by a keyed hash, by nothing; `allow` looks for none."""

Kind = Literal["heading", "text", "table", "code"]
"""What a text is: in code and tables, less and other context counts."""

DEFAULT_TYPES = frozenset(
    {
        "RESIDENT_NUMBER", "FOREIGNER_NUMBER", "BUSINESS_NUMBER", "PASSPORT", "DRIVING_LICENCE", "PHONE", "EMAIL",
        "CARD", "BANK_ACCOUNT", "IBAN", "CRYPTO_WALLET", "US_SSN", "US_ITIN", "UK_NHS", "UK_NINO",
    }
)  # fmt: skip
NAME_TYPES = frozenset({"PERSON", "PLACE", "DATE"})
"""Off unless asked for: a handbook without names, places and dates answers nothing."""

TYPES = DEFAULT_TYPES | NAME_TYPES | {"IP_ADDRESS"}
"""All that can be asked for. IP addresses are off as well: in technical writing they are rarely a person's."""

PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(sorted(TYPES))})(?::[0-9a-f]{{8}})?\]")
"""What `mask` and `hash` leave behind; never looked into again."""


@dataclass(frozen=True)
class Finding:
    """Personal data at `text[start:end]`.

    Attributes:
        score: Confidence, 0 to 1, context counted in.
    """

    type: str
    start: int
    end: int
    score: float


NameFinder = Callable[[str, Set[str]], list[Finding]]
"""Finds those of `NAME_TYPES` that are asked for; it needs language models, so who has them brings it along."""
