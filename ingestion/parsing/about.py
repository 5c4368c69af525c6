"""What a file says about itself, under the names and in the forms every format shares."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_YEAR_MONTH_DAY = re.compile(r"(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})")
_PDF_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?)?")
_WRITTEN_DATES = ("%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y", "%Y%m%d")
_STATES = {
    "draft": "draft", "in progress": "draft", "wip": "draft", "review": "draft", "초안": "draft", "작성 중": "draft",
    "published": "published", "final": "published", "approved": "published", "release": "published",
    "최종": "published", "게시": "published", "승인": "published",
    "archived": "archived", "obsolete": "archived", "deprecated": "archived", "superseded": "archived",
    "보관": "archived", "폐기": "archived",
}  # fmt: skip


def metadata(**values: Any) -> dict[str, Any]:
    """Return what is known: names whose value is None or empty are left out."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def text_of(value: object) -> str | None:
    """Return a value as one line of text, or None when it has none."""
    if value is None:
        return None
    return " ".join(str(value).split()) or None


def names(values: Iterable[object]) -> str | None:
    """Return several authors as one line."""
    return ", ".join(dict.fromkeys(filter(None, map(text_of, values)))) or None


def iso_date(value: object) -> str | None:
    """Return a moment in ISO 8601, as exactly as the file names it: a day stays a day.

    Understands ISO 8601, the dates of e-mail and PDF, and days written in Korean or English; anything else is
    None rather than a guess.
    """
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = text_of(value)
    if not text:
        return None
    for read in (_iso, _pdf_date, _numbered, _written, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if moment is not None:
            return iso_date(moment)
    return None


def utc_date(moment: datetime | None) -> str | None:
    """Return a moment of an Office property, which is UTC without saying so."""
    if moment is None:
        return None
    return iso_date(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _iso(text: str) -> date | None:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\d[T ]", text) else None


def _pdf_date(text: str) -> datetime | None:
    found = _PDF_DATE.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
    moment = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0)
    if found[7]:
        zone = datetime.strptime(f"{found[7]}{found[8]}{found[9] or '00'}", "%z").tzinfo
        return moment.replace(tzinfo=zone)
    return moment.replace(tzinfo=UTC) if "Z" in text else moment


def _numbered(text: str) -> date | None:
    found = _YEAR_MONTH_DAY.match(text)
    return date(*map(int, found.groups())) if found else None


def _written(text: str) -> date | None:
    for form in _WRITTEN_DATES:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def tags(value: object) -> list[str]:
    """Return keywords as a list without repetitions, from a list or from text with commas or semicolons."""
    parts = value if isinstance(value, list | tuple | set) else re.split(r"[,;]", str(value or ""))
    return list(dict.fromkeys(filter(None, map(text_of, parts))))


def publication_state(value: object) -> str | None:
    """Return draft, published or archived for what a file calls its state; None when it is none of them."""
    return _STATES.get(str(value).strip().lower())
