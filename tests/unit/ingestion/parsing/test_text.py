"""Plain text and its encodings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.errors import Unparseable
from ingestion.items import Element
from ingestion.parsing.text import decode, decode_as, parse_text

KOREAN = "회의록입니다.\n\n로그인 오류를 다음 주까지 고칩니다."
PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cn", "Co", "Cs")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-32"])
def test_parse_text_reads_korean_encodings(encoding: str) -> None:
    assert parse_text(KOREAN.encode(encoding)).elements == (
        Element("text", "회의록입니다."),
        Element("text", "로그인 오류를 다음 주까지 고칩니다."),
    )


def test_parse_text_keeps_lines_and_any_line_ending() -> None:
    texts = [element.text for element in parse_text(b"one\r\ntwo\r\n \t\r\n\r\n  three\rfour").elements]
    assert texts == ["one\ntwo", "  three\nfour"]


@given(PRINTABLE)
def test_decode_gives_back_any_utf_8(text: str) -> None:
    assert decode(b"\xef\xbb\xbf" + text.encode()) == text


def test_western_text_is_not_taken_for_korean() -> None:
    text = "Les élèves étudient à l'école, où ça coûte très peu de déjà vu été ; les crédits sont alloués. " * 3
    assert decode(text.encode("cp1252")) == text


def test_decode_refuses_control_characters() -> None:
    with pytest.raises(Unparseable) as refusal:
        decode(b"\x01\x02\x03\x04 some text")
    assert refusal.value.kind == "binary"


@pytest.mark.parametrize("named", ["euc-kr", "EUC_KR", "ks_c_5601-1987", "no-such-encoding", None, "ascii"])
def test_decode_as_repairs_what_the_envelope_says(named: str | None) -> None:
    assert decode_as("똠방각하 펲시콜라".encode("cp949"), named) == "똠방각하 펲시콜라"
