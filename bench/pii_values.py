"""Numbers of every Korean type, and numbers that only look like one, written in the ways people write them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

Write = Callable[[random.Random], str]
_FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)} | {ord("-"): "－"}


@dataclass(frozen=True)
class Value:
    """One kind of value: its type, a name for the spelling, and how to write one.

    Attributes:
        is_plain_bare: Whether a reader would take it for personal data without any word that says so.
    """

    type: str
    kind: str
    write: Write
    is_plain_bare: bool = True


def _digits(generator: random.Random, count: int) -> str:
    return "".join(generator.choices("0123456789", k=count))


def _joined(generator: random.Random, groups: list[str], separators: str = "-- .") -> str:
    written = generator.choice(separators).join(groups)
    return written.translate(_FULL_WIDTH) if generator.random() < 0.05 else written


def _mobile(generator: random.Random) -> list[str]:
    return ["010", generator.choice("23456789") + _digits(generator, 3), _digits(generator, 4)]


def _land_line(generator: random.Random) -> list[str]:
    area = generator.choice(["02", "031", "032", "033", "041", "042", "051", "053", "061", "064", "070"])
    return [area, generator.choice("23456789") + _digits(generator, generator.choice([2, 3])), _digits(generator, 4)]


def _land_line_in_brackets(generator: random.Random) -> str:
    area, middle, last = _land_line(generator)
    return generator.choice([f"({area}) {middle}-{last}", f"({area}){middle}-{last}", f"{area}){middle}-{last}"])


def _abroad(generator: random.Random) -> str:
    _, middle, last = _mobile(generator)
    return generator.choice([f"+82 10-{middle}-{last}", f"+82-10-{middle}-{last}", f"+82 (0)10 {middle} {last}",
                             f"+8210{middle}{last}", f"82-10-{middle}-{last}"])  # fmt: skip


def _birth(generator: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=generator.randrange((last - first).days))


def _weighted_sum(digits: str) -> int:
    return sum(int(digit) * (2 + position % 8) for position, digit in enumerate(digits))


def _person(generator: random.Random, sevenths: str, surplus: int, with_check_digit: bool) -> list[str]:
    """Write 13 digits; without a check digit the person was born, or registered, after October 2020."""
    first, last = (date(1940, 1, 1), date(2020, 9, 30)) if with_check_digit else (date(2020, 10, 5), date(2026, 6, 1))
    born = _birth(generator, first, last)
    century = sevenths[:2] if born.year < 2000 else sevenths[2:]
    head = born.strftime("%y%m%d") + generator.choice(century) + "0" + _digits(generator, 4)
    right = str((surplus - _weighted_sum(head) % 11) % 10)
    wrong = generator.choice([digit for digit in "0123456789" if digit != right])
    return [head[:6], head[6:] + (right if with_check_digit else wrong)]


def _business(generator: random.Random, valid: bool = True) -> list[str]:
    head = generator.choice("123456") + _digits(generator, 8)
    total = sum(int(digit) * weight for digit, weight in zip(head, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
    check = (10 - (total + int(head[8]) * 5 // 10) % 10) % 10
    return [head[:3], head[3:5], head[5:] + str(check if valid else (check + generator.randint(1, 9)) % 10)]


def _card(generator: random.Random, valid: bool = True) -> list[str]:
    head = generator.choice(["4", "51", "55", "3560", "6210", "9410", "9490", "5389"])
    head += _digits(generator, 15 - len(head))
    total = sum(int(digit) if place % 2 else sum(divmod(2 * int(digit), 10)) for place, digit in enumerate(head))
    check = (10 - total % 10) % 10
    number = head + str(check if valid else (check + generator.randint(1, 9)) % 10)
    return [number[start : start + 4] for start in range(0, 16, 4)]


def _licence(generator: random.Random) -> list[str]:
    region = generator.choice(["11", "12", "13", "14", "17", "19", "20", "23", "26", "28"])
    return [region, f"{generator.randint(80, 125) % 100:02}", _digits(generator, 6), _digits(generator, 2)]


def _account(generator: random.Random) -> list[str]:
    shape = generator.choice([(3, 3, 6), (6, 2, 6), (3, 4, 4, 2), (4, 3, 6), (3, 6, 5), (4, 2, 7), (3, 6, 2, 3)])
    groups = [_digits(generator, length) for length in shape]
    return [generator.choice("12356789") + groups[0][1:], *groups[1:]]


def _email(generator: random.Random) -> str:
    name = generator.choice(["minsu.kim", "seoyeon_park", "dy-lee", "jiwoo99", "HR.team", "choi+news", "yuna"])
    host = generator.choice(["naver.com", "daum.net", "gmail.com", "hansol-it.co.kr", "mail.snu.ac.kr", "sejong.go.kr"])
    return f"{name}{generator.choice(['', str(generator.randint(1, 2020))])}@{host}"


def _passport(generator: random.Random) -> str:
    return f"M{_digits(generator, 3)}{generator.choice('ABCDEFGHJK')}{_digits(generator, 4)}"


def _broken_person(generator: random.Random) -> str:
    """Write a number of the right shape that begins with no day of any year."""
    day = generator.choice([f"{generator.randint(13, 19)}{generator.randint(10, 28)}", "0231", "0432", "0931", "1100"])
    return f"{_digits(generator, 2)}{day}-{generator.choice('12345678')}{_digits(generator, 6)}"


VALUES = (
    Value("PHONE", "mobile", lambda g: _joined(g, _mobile(g))),
    Value("PHONE", "mobile, no separator", lambda g: "".join(_mobile(g))),
    Value("PHONE", "land line", lambda g: _joined(g, _land_line(g), "--- .")),
    Value("PHONE", "land line, brackets", _land_line_in_brackets),
    Value("PHONE", "land line, no separator", lambda g: "".join(_land_line(g)), is_plain_bare=False),
    Value("PHONE", "country code", _abroad),
    Value("RESIDENT_NUMBER", "check digit", lambda g: _joined(g, _person(g, "1234", 11, True), "--- ")),
    Value("RESIDENT_NUMBER", "since 2020", lambda g: _joined(g, _person(g, "1234", 11, False), "-")),
    Value("RESIDENT_NUMBER", "no separator", lambda g: "".join(_person(g, "1234", 11, True))),
    Value("FOREIGNER_NUMBER", "check digit", lambda g: _joined(g, _person(g, "5678", 13, True), "--- ")),
    Value("FOREIGNER_NUMBER", "since 2020", lambda g: _joined(g, _person(g, "5678", 13, False), "-")),
    Value("BUSINESS_NUMBER", "groups", lambda g: _joined(g, _business(g), "--- ")),
    Value("BUSINESS_NUMBER", "no separator", lambda g: "".join(_business(g)), is_plain_bare=False),
    Value("CARD", "groups", lambda g: _joined(g, _card(g), "-- ")),
    Value("CARD", "no separator", lambda g: "".join(_card(g))),
    Value("DRIVING_LICENCE", "groups", lambda g: _joined(g, _licence(g), "--- ")),
    Value("DRIVING_LICENCE", "no separator", lambda g: "".join(_licence(g)), is_plain_bare=False),
    Value("PASSPORT", "since 2021", _passport),
    Value("PASSPORT", "until 2021", lambda g: "M" + _digits(g, 8), is_plain_bare=False),
    Value("BANK_ACCOUNT", "groups", lambda g: _joined(g, _account(g), "--- "), is_plain_bare=False),
    Value("BANK_ACCOUNT", "no separator", lambda g: "".join(_account(g)), is_plain_bare=False),
    Value("EMAIL", "", _email),
)

LOOK_ALIKES: tuple[tuple[str | None, Write], ...] = (
    ("BUSINESS_NUMBER", lambda g: _joined(g, _business(g, valid=False), "-")),
    ("CARD", lambda g: _joined(g, _card(g, valid=False), "-- ")),
    ("RESIDENT_NUMBER", _broken_person),
    ("FOREIGNER_NUMBER", _broken_person),
    ("PHONE", lambda g: f"{g.choice(['1588', '1544', '1670', '1899'])}-{_digits(g, 4)}"),
    (None, lambda g: f"202{g.randint(0, 6)}{g.randint(1, 12):02}{g.randint(1, 28):02}-{_digits(g, 7)}"),
    (None, lambda g: f"{_digits(g, 4)}-{_digits(g, 4)}-{_digits(g, 4)}"),
    (None, lambda g: _digits(g, g.randint(10, 16))),
    (None, lambda g: f"17{_digits(g, 11)}"),
    (None, lambda g: f"978-89-{_digits(g, 4)}-{_digits(g, 3)}-{_digits(g, 1)}"),
    (None, lambda g: f"880{_digits(g, 10)}"),
    (None, lambda g: ".".join(str(g.randint(0, 40)) for _ in range(3)) + f".{_digits(g, 5)}"),
    (None, lambda g: f"2026-{g.randint(1, 12):02}-{g.randint(1, 28):02} {g.randint(0, 23):02}:{_digits(g, 2)}:00"),
    (None, lambda g: f"{g.randint(1, 999)},{_digits(g, 3)},{_digits(g, 3)}원"),
    (None, lambda g: f"{g.getrandbits(160):040x}"),
    (None, lambda g: "-".join(f"{g.getrandbits(4 * width):0{width}x}" for width in (8, 4, 4, 4, 12))),
    (None, lambda g: f"192.168.{g.randint(0, 255)}.{g.randint(0, 255)}:{g.randint(1024, 65535)}"),
    (None, lambda g: f"0x{g.getrandbits(32):08X}"),
    (None, lambda g: f"SM-{g.choice('SFA')}{_digits(g, 3)}N-{_digits(g, 6)}"),
    (None, lambda g: f"{g.uniform(33, 38):.6f}, {g.uniform(126, 130):.6f}"),
)
"""A type under whose label a false number may stand, or None; and how to write one."""
