"""Phone numbers: Korean ones by their numbering plan, all others as `phonenumbers` knows them."""

from __future__ import annotations

import re

from corpus.masking.recogniser import LEFT, RIGHT, SEPARATOR, NumberRecogniser, grouped

_LINE = "[1-9][0-9]{2,3}"  # of a Korean subscriber, before the last four digits
_AREA = r"(?:02|0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]))"
_MOBILE = "01[016-9]"
_AFTER_CODE = r"(?: ?[-.] ?| |(?<=\)))"
_EXTENSION = r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
_GROUP = r"(?:\([0-9]{2,5}\)|[0-9]{2,5})"
_DATE = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])")
_NORTH_AMERICAN = r"(?:\+?1[-. ]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[0-9]{3}[-.][0-9]{4}"


def recognisers() -> list[NumberRecogniser]:
    """Return the recognisers of phone numbers, from certain to possible."""
    return [_korean(), _north_american(), _international(), _in_context()]


def _korean() -> NumberRecogniser:
    """Mobile and land lines with and without the country code.

    Numbers such as 1588-0000 and 080-000-0000 are left alone: they belong to companies, never to a person.
    """
    country = r"(?<![0-9A-Za-z+])(?:\+ ?82|0082|82)[-. ]{1,2}"
    closed = r"(?<![0-9A-Za-z])\+82"
    subscriber = rf"{_LINE}{SEPARATOR}?[0-9]{{4}}"
    area = rf"\(?0?\)?(?:10|2|[3-6][1-5]|70|50[2-8])\)?{SEPARATOR}?"
    patterns = {
        rf"{LEFT}{_code('010')}{_AFTER_CODE}{_LINE}{SEPARATOR}[0-9]{{4}}{RIGHT}": 0.95,
        rf"{LEFT}{_code('01[16-9]')}{_AFTER_CODE}{_LINE}{SEPARATOR}[0-9]{{4}}{RIGHT}": 0.75,
        f"{LEFT}010{_LINE}-?[0-9]{{4}}{RIGHT}": 0.75,
        rf"{LEFT}{_code(_AREA)}(?: ?- ?|(?<=\)) ?){_LINE}{SEPARATOR}[0-9]{{4}}{RIGHT}": 0.75,
        rf"{LEFT}{_AREA}[. ]{_LINE}{SEPARATOR}[0-9]{{4}}{RIGHT}": 0.6,
        rf"{LEFT}(?:{_AREA}|{_MOBILE}){_LINE}[0-9]{{4}}{RIGHT}": 0.35,
        rf"(?:{country}|{closed}){area}{subscriber}{RIGHT}": 0.95,
    }
    return NumberRecogniser("PHONE", patterns)


def _code(digits: str) -> str:
    """Return a pattern of an area code, alone, in brackets, or with the closing one only as in 02)123-4567."""
    return rf"(?:\({digits}\)|{digits}\)?)"


def _north_american() -> NumberRecogniser:
    return NumberRecogniser("PHONE", {LEFT + _NORTH_AMERICAN + _EXTENSION + RIGHT: 0.6}, _is_north_american)


def _is_north_american(digits: str) -> bool | None:
    import phonenumbers

    national = digits[1:] if digits[0] == "1" else digits
    possible = phonenumbers.is_valid_number(phonenumbers.PhoneNumber(1, int(national[:10])))
    return None if possible else False


def _international() -> NumberRecogniser:
    """Numbers with a country code, and European national ones in their usual groups."""
    group = r"(?:\([0-9]{1,5}\)|[0-9]{1,5})"
    return NumberRecogniser(
        "PHONE",
        {
            rf"(?<![0-9A-Za-z+])\+[1-9][0-9]{{0,2}}(?:[-. ]?{group}){{2,6}}{_EXTENSION}{RIGHT}": 0.75,
            grouped("0[1-9]", "[0-9]{2}", "[0-9]{2}", "[0-9]{2}", "[0-9]{2}", separator="[-. ]"): 0.6,
            f"{LEFT}0[1-9][0-9]{{2,3}} [0-9]{{3}} [0-9]{{3}}{RIGHT}": 0.6,
            f"{LEFT}0[1-9][0-9]{{2}} [0-9]{{2,3}} [0-9]{{2}} [0-9]{{2}}{RIGHT}": 0.6,
        },
        lambda digits: None if 9 <= len(digits) <= 21 else False,
    )


def _in_context() -> NumberRecogniser:
    """Whatever could be dialled, where a word says that it is."""
    return NumberRecogniser(
        "PHONE",
        {f"{LEFT}{_GROUP}(?:[-. /]{{0,2}}{_GROUP}){{1,5}}{_EXTENSION}{RIGHT}": 0.15},
        _is_dialable,
    )


def _is_dialable(digits: str) -> bool | None:
    is_company_line = len(digits) == 8 and digits[0] == "1" and digits[1] in "568"
    return None if 7 <= len(digits) <= 15 and not is_company_line and not _DATE.match(digits) else False
