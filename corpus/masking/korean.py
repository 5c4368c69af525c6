"""Korean identifiers: resident, foreigner and business numbers, passports, licences, accounts."""

from __future__ import annotations

from collections.abc import Callable

from corpus.masking import checksums
from corpus.masking.recogniser import LEFT, RIGHT, NumberRecogniser, grouped

_BIRTH = r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_LICENCE_REGION = r"(?:1[1-9]|2[0-68])"
_ACCOUNT = r"[0-9]{2,6}(?P<by>[- ])[0-9]{2,8}(?:(?P=by)[0-9]{2,8}){0,3}"


def recognisers() -> list[NumberRecogniser]:
    """Return the recognisers of Korean types, phones apart."""
    return [
        *_person("RESIDENT_NUMBER", "[1-4]", checksums.resident_number),
        *_person("FOREIGNER_NUMBER", "[5-8]", checksums.foreigner_number),
        NumberRecogniser(
            "BUSINESS_NUMBER",
            {grouped("[0-9]{3}", "[0-9]{2}", "[0-9]{5}"): 0.65, f"{LEFT}[0-9]{{10}}{RIGHT}": 0.3},
            lambda digits: None if checksums.business_number(digits) else False,
        ),
        NumberRecogniser(
            "PASSPORT",
            {f"{LEFT}[MSROD][0-9]{{3}}[A-Z][0-9]{{4}}{RIGHT}": 0.5, f"{LEFT}[MSRODG][0-9]{{8}}{RIGHT}": 0.25},
        ),
        NumberRecogniser(
            "DRIVING_LICENCE",
            {
                grouped(_LICENCE_REGION, "[0-9]{2}", "[0-9]{6}", "[0-9]{2}"): 0.65,
                f"{LEFT}{_LICENCE_REGION}[0-9]{{10}}{RIGHT}": 0.25,
                f"{LEFT}[0-9]{{2}}-[0-9]{{6}}-[0-9]{{2}}{RIGHT}": 0.25,  # behind the name of a region, until 2014
            },
        ),
        NumberRecogniser(
            "BANK_ACCOUNT", {LEFT + _ACCOUNT + RIGHT: 0.2, f"{LEFT}[0-9]{{10,14}}{RIGHT}": 0.15}, _account
        ),
    ]


def _person(entity: str, seventh: str, has_check_digit: Callable[[str], bool]) -> list[NumberRecogniser]:
    """Return recognisers of a number that begins with a birth date.

    With a separator it is certain when its check digit agrees, and still likely otherwise, for numbers given out
    since October 2020 have none. Thirteen digits in a row could be a barcode or a time in milliseconds.
    """
    plain = f"{LEFT}{_BIRTH}{seventh}[0-9]{{6}}{RIGHT}"
    separated = {
        grouped(_BIRTH, seventh + "[0-9]{6}", separator=" ?- ?"): 0.75,
        grouped(_BIRTH, seventh + "[0-9]{6}", separator="[ .]"): 0.5,
    }

    def check(digits: str) -> bool | None:
        return (has_check_digit(digits) or None) if checksums.has_birth_date(digits) else False

    return [
        NumberRecogniser(entity, separated, check),
        NumberRecogniser(entity, {plain: 0.65}, lambda digits: None if check(digits) else False),
        NumberRecogniser(entity, {plain: 0.35}, lambda digits: False if check(digits) is False else None),
    ]


def _account(digits: str) -> bool | None:
    """Refuse what no Korean bank gives out: fewer than 10 or more than 14 digits, or one digit repeated."""
    return None if 10 <= len(digits) <= 14 and len(set(digits)) > 1 else False
