"""Absolute dates in Korean and English text, as ISO 8601."""

from __future__ import annotations

import re
from datetime import date

_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTHS = {name[:3].lower(): number for number, name in enumerate(_NAMES, 1)}
_NAME = "|".join(form for name in _NAMES for form in (name, name.upper()))
_SHORT = "|".join(form for name in _NAMES for form in (name[:3], name[:3].upper()))
_MONTH = rf"(?<![A-Za-z])(?P<month>{_NAME}|Sept|{_SHORT})\b\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})"
_NUMBER = r"(?P<month>\d{1,2})"
_HAS_YEAR = re.compile(r"(?:19|20)\d\d")

# In this order; a stretch of text is read once.
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d){_YEAR}\s?년\s?{_NUMBER}\s?월(?:\s?{_DAY}\s?일)?",
        rf"(?<![A-Za-z\d./-]){_YEAR}(?P<mark>[-/]){_NUMBER}(?P=mark){_DAY}(?![\d/-])",
        rf"(?<![A-Za-z\d.-])(?<![Vv]ersion ){_YEAR}\.\s?{_NUMBER}\.\s?{_DAY}(?!\d|\.\d)",
        rf"{_MONTH}\s?{_DAY}(?:st|nd|rd|th)?\s?,?\s{_YEAR}(?![A-Za-z\d])",
        rf"(?<![A-Za-z\d]){_DAY}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH},?\s{_YEAR}(?![A-Za-z\d])",
        rf"{_MONTH},?\s{_YEAR}(?![A-Za-z\d])",
    )
)


def find(text: str) -> list[str]:
    """Return the dates of a text in order of appearance: `2026-03-01`, or `2026-03` where no day is given.

    A date stands on one line.

    Years from 1900 to 2099. Left out, because a reader would have to guess: dates without a year (3월 1일), days
    before months in figures (03/04/2026), bare years, and relative dates.
    """
    text = "\n".join(line for line in text.split("\n") if _HAS_YEAR.search(line))
    found: list[tuple[int, str]] = []

    def read(match: re.Match[str]) -> str:
        iso = _iso(match)
        if iso:
            found.append((match.start(), iso))
        return " " * len(match.group())

    for pattern in _PATTERNS:
        text = pattern.sub(read, text)
    return list(dict.fromkeys(iso for _, iso in sorted(found)))


def _iso(match: re.Match[str]) -> str | None:
    """Return a match as ISO 8601; None for a day no calendar has."""
    parts = match.groupdict()
    month = _MONTHS.get(parts["month"][:3].lower()) or parts["month"]
    try:
        found = date(int(parts["year"]), int(month), int(parts.get("day") or 1))
    except ValueError:
        return None
    return found.isoformat() if parts.get("day") else f"{found:%Y-%m}"
