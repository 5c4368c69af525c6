"""A recogniser for numbers that are written in groups: what Korean and English identifiers have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from presidio_analyzer import Pattern, PatternRecognizer

LEFT = r"(?<![A-Za-z0-9])(?<![A-Za-z0-9]_)(?<![0-9][-.:])(?<![0-9A-Fa-f]{4}-)(?<![0-9],)(?<![$₩€£#])"
"""Nothing before a number that would make it a part of a longer one, of a word, a hash or an amount."""

RIGHT = r"(?![A-Za-z0-9_])(?![-.,:][0-9])(?!-[0-9A-Fa-f]{4})"
"""The same behind it. Hangul may follow: particles are glued to numbers."""

SEPARATOR = r"(?: ?[-.] ?| )"
"""Between groups: a hyphen or dot, blanks around it or not, or one blank."""

Check = Callable[[str], bool | None]
"""Takes the digits found: True is certain, False is no finding, None leaves the pattern's score."""


def grouped(*groups: str, separator: str = SEPARATOR) -> str:
    """Return a pattern of groups with the same separator between them; an optional one when it ends in `?`."""
    first, second, *others = groups
    if separator.endswith("?"):
        return LEFT + separator.join(groups) + RIGHT
    return f"{LEFT}{first}(?P<by>{separator}){second}" + "".join(f"(?P=by){group}" for group in others) + RIGHT


class NumberRecogniser(PatternRecognizer):
    """Finds numbers of one type by scored patterns and a check of their digits.

    Scores mean: from 0.5 a finding as it is; below, only with a word such as 계좌 or *passport* nearby; from 0.75
    also in code and in web addresses; from 0.9 whatever the words nearby are.
    """

    def __init__(self, entity: str, patterns: dict[str, float], check: Check | None = None, **options: Any) -> None:
        self._check = check
        super().__init__(
            supported_entity=entity,
            patterns=[Pattern(f"{entity} {number}", regex, score) for number, (regex, score) in
                      enumerate(patterns.items())],
            global_regex_flags=0,
            **options,
        )  # fmt: skip

    def validate_result(self, pattern_text: str) -> bool | None:
        """Judge a match by the check digits of its type."""
        return self._check("".join(filter(str.isdigit, pattern_text))) if self._check else None
