"""What is found and what is not, type by type, in the spellings people use."""

from __future__ import annotations

import time

import pytest

from corpus.masking import DEFAULT_TYPES, Kind, find, replace


def found(text: str, kind: Kind = "text") -> list[tuple[str, str]]:
    return [(finding.type, text[finding.start : finding.end]) for finding in find(text, kind)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("연락은 010-1234-5678로", ("PHONE", "010-1234-5678")),
        ("０１０－１２３４－５６７８입니다", ("PHONE", "０１０－１２３４－５６７８")),
        ("Tel.02-123-4567", ("PHONE", "02-123-4567")),
        ("(031)123-4567", ("PHONE", "(031)123-4567")),
        ("대표 010 1234 5678", ("PHONE", "010 1234 5678")),
        ("(+82-10-1234-5678)", ("PHONE", "+82-10-1234-5678")),
        ("01012345678은", ("PHONE", "01012345678")),
        ("reach me at (541) 714-1388.", ("PHONE", "(541) 714-1388")),
        ("call +44 7700 921 916", ("PHONE", "+44 7700 921 916")),
        ("주민번호 900101-1234567이", ("RESIDENT_NUMBER", "900101-1234567")),
        ("201105-3123456", ("RESIDENT_NUMBER", "201105-3123456")),
        ("외국인등록번호는 850505-5123456", ("FOREIGNER_NUMBER", "850505-5123456")),
        ("사업자등록번호 2208162517", ("BUSINESS_NUMBER", "2208162517")),
        ("220-81-62517", ("BUSINESS_NUMBER", "220-81-62517")),
        ("여권 M12345678을", ("PASSPORT", "M12345678")),
        ("His passport is 531234567.", ("PASSPORT", "531234567")),
        ("11-23-123456-78", ("DRIVING_LICENCE", "11-23-123456-78")),
        ("면허는 서울 12-123456-78", ("DRIVING_LICENCE", "12-123456-78")),
        ("카카오뱅크 3333-01-1234567로 입금", ("BANK_ACCOUNT", "3333-01-1234567")),
        ("bank account 12345678", ("BANK_ACCOUNT", "12345678")),
        ("4111 1111 1111 1111로", ("CARD", "4111 1111 1111 1111")),
        ("Amex 3782-822463-10005", ("CARD", "3782-822463-10005")),
        ("메일은hong.gd@corp.co.kr으로", ("EMAIL", "hong.gd@corp.co.kr")),
        ("IBAN은 GB29NWBK60161331926819입니다", ("IBAN", "GB29NWBK60161331926819")),
        ("SSN 219-09-9998로", ("US_SSN", "219-09-9998")),
        ("NHS 943 476 5919", ("UK_NHS", "943 476 5919")),
        ("national insurance AB123456C", ("UK_NINO", "AB123456C")),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2로", ("CRYPTO_WALLET", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")),
    ],
)
def test_personal_data_is_found(text: str, expected: tuple[str, str]) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "주문번호 4111-1111-1111-1111을 조회",
        "order 4111111111111111",
        "카드 4111-1111-1111-1112",  # check digit
        "사업자등록번호 220-81-62518",  # check digit
        "주민번호 901332-1234567",  # no such day
        "주민번호 900101-9234567",  # no such century
        "대표전화 1588-1234",
        "ISBN 978-89-6848-123-4",
        "978-89-6848-123-4는 2쇄",
        "2026-11-25 03:51:59, 2026-07-09",
        "epoch 1700000000000",
        "10.1145/3290605.3300233",
        "version 3.2.1.10452 build 20261125",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-1234-1234-1234-123456789012",
        "192.168.10.20:8080",
        "error 0x80070005",
        "12,345,678원 ₩1234567890 $4111111111111111",
        "https://example.org/item/4111111111111111",
        "git clone git@github.com:rust-lang/book.git",
        "let x: u64 = 0b1111_0000_1010_0101;",
        "@dataclass and user@localhost",
        "[PHONE] [CARD:12345678] 카드 [BANK_ACCOUNT:01234567]",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_code_counts_only_confident_findings() -> None:
    assert found("MAX = 5555555555554444", "text") == [("CARD", "5555555555554444")]
    assert found("MAX = 5555555555554444", "code") == []
    assert found('PHONE = "010-1234-5678"', "code") == [("PHONE", "010-1234-5678")]


def test_a_table_cell_is_read_with_its_column_and_row() -> None:
    table = "이름 | 계좌번호 | 주문번호\n민수 | 110-123-456789 | 110-123-456780\n여권 | M12345678 | 31"
    assert found(table, "table") == [("BANK_ACCOUNT", "110-123-456789"), ("PASSPORT", "M12345678")]


def test_of_overlapping_findings_the_more_certain_stays() -> None:
    assert found("계좌 010-1234-5678") == [("PHONE", "010-1234-5678")]


def test_the_nearest_word_decides() -> None:
    assert found("주문번호 확인 후 계좌 110123456789로") == [("BANK_ACCOUNT", "110123456789")]
    assert found("계좌 확인 후 주문번호 110123456789로") == []


def test_ip_addresses_are_off_unless_asked_for() -> None:
    assert find("106.31.73.20", types=DEFAULT_TYPES) == []
    assert [finding.type for finding in find("106.31.73.20", types={"IP_ADDRESS"})] == ["IP_ADDRESS"]


@pytest.mark.parametrize("kind", ["text", "table"])
def test_many_findings_take_linear_time(kind: Kind) -> None:
    line = "| 계좌 | 110-123-456789 | http://a.kr/010-1234-5678 " * 4000
    started = time.process_time()
    text, counts = replace(line, kind, "drop", b"", DEFAULT_TYPES)
    assert counts["PHONE"] == 4000
    assert counts["BANK_ACCOUNT"] >= 3999  # of a row that long only the last part is read
    assert "010-" not in text
    assert time.process_time() - started < 20


@pytest.mark.parametrize("unit", ["1", "1-", "a.", "a@", "0 ", "가1", "+1", "AA11", "(02)", "010-1234-567", "[PHONE:"])
def test_hostile_lines_take_linear_time(unit: str) -> None:
    find("010-1234-5678")
    started = time.process_time()
    find(f"@ 123456 {unit * (100_000 // len(unit))}")
    assert time.process_time() - started < 5
