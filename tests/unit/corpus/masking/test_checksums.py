"""Check digits: published examples hold, any other last digit does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corpus.masking import checksums


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (checksums.business_number, "2208162517"),
        (checksums.business_number, "1248100998"),
        (checksums.luhn, "4111111111111111"),
        (checksums.luhn, "378282246310005"),
        (checksums.nhs_number, "9434765919"),
        (checksums.resident_number, "9001011234568"),
        (checksums.foreigner_number, "8505055123456"),
    ],
)
def test_only_the_right_check_digit_is_accepted(check: Callable[[str], bool], number: str) -> None:
    assert [digit for digit in "0123456789" if check(number[:-1] + digit)] == [number[-1]]


@pytest.mark.parametrize("number", ["9002291234567", "9013011234567", "5001013234567", "9001019234567"])
def test_no_birth_date(number: str) -> None:
    assert not checksums.has_birth_date(number)


@pytest.mark.parametrize("number", ["0002293234567", "9912311234567", "8505055123456"])
def test_birth_date(number: str) -> None:
    assert checksums.has_birth_date(number)
