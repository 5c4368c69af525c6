"""Check digits and dates that tell a real number from any other run of digits. All take digits only."""

from __future__ import annotations

from datetime import date

_RESIDENT_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_BUSINESS_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_CENTURIES = {"1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}
_LAST_BIRTH_YEAR = 2049  # fixed, so that the same text gives the same findings in any year


def has_birth_date(number: str) -> bool:
    """Tell whether a resident or foreigner number begins with a day there was, in its seventh digit's century."""
    century = _CENTURIES.get(number[6])
    if century is None:
        return False
    year = century + int(number[:2])
    try:
        date(year, int(number[2:4]), int(number[4:6]))
    except ValueError:
        return False
    return year <= _LAST_BIRTH_YEAR


def resident_number(number: str) -> bool:
    """Check the last of 13 digits of a Korean resident number, as it was defined until October 2020."""
    return (11 - _weighted(number, _RESIDENT_WEIGHTS) % 11) % 10 == int(number[12])


def foreigner_number(number: str) -> bool:
    """Check the last of 13 digits of a Korean foreigner number, as it was defined until October 2020."""
    return (13 - _weighted(number, _RESIDENT_WEIGHTS) % 11) % 10 == int(number[12])


def business_number(number: str) -> bool:
    """Check the last of 10 digits of a Korean business registration number."""
    total = _weighted(number, _BUSINESS_WEIGHTS) + int(number[8]) * 5 // 10
    return (10 - total % 10) % 10 == int(number[9])


def luhn(number: str) -> bool:
    """Check a card number (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * 2 for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(value - 9 * (value > 9) for value in doubled)) % 10 == 0


def nhs_number(number: str) -> bool:
    """Check the last of 10 digits of a British NHS number (weights 10 to 2, modulo 11)."""
    return (11 - _weighted(number, range(10, 1, -1)) % 11) % 11 == int(number[9])


def _weighted(number: str, weights: tuple[int, ...] | range) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))
