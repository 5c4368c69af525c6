"""Languages: Korean and English as text analysis sees them, others only where it is clear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import analysis
from ingestion.extraction.language import UNDETERMINED, detect


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("비밀번호를 다섯 번 틀리면 계정이 잠깁니다.", "ko"),
        ("API Gateway의 rate limit을 넘으면 HTTP 429 응답이 옵니다.", "ko"),
        ("An account is locked after eight wrong passwords in a row.", "en"),
        ("Reset password", "en"),
        ("let x = Box::new(5);", "en"),
        ("12 345 – 67", "en"),
        ("", "en"),
        ("出張費の精算は領収書を提出してください。", "ja"),
        ("差旅费用凭票据报销，请在三十天内提交。", "zh"),
        ("Командировочные расходы возмещаются по чекам в течение месяца.", "ru"),
        ("Витрати на відрядження відшкодовуються після подання чеків, їх треба здати.", "uk"),
        ("Die Kosten für Dienstreisen werden nach Vorlage der Belege erstattet. Bitte alle Quittungen.", "de"),
        ("Les frais de déplacement sont remboursés sur présentation des justificatifs.", "fr"),
        ("ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ", UNDETERMINED),
    ],
)
def test_a_language_is_told_by_its_text(text: str, expected: str) -> None:
    assert detect(text) == expected


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ("en", "비밀번호를 다섯 번 틀리면 계정이 잠깁니다.", "ko"),
        ("ko-KR", "An account is locked after eight wrong passwords.", "en"),
        ("de-DE", "Reset Passwort", "de"),
        ("uk", "Привет", "uk"),
        ("english", "Reset password", "en"),
    ],
)
def test_what_a_file_declares_decides_only_within_a_script(declared: str, text: str, expected: str) -> None:
    assert detect(text, declared) == expected


@given(st.text(max_size=300))
def test_any_text_has_a_language_and_korean_is_the_one_of_text_analysis(text: str) -> None:
    found = detect(text)
    assert found == detect(text)
    assert found == UNDETERMINED or (len(found) == 2 and found.isalpha())
    if text.isprintable() and analysis.language(text) == "ko":
        assert found == "ko"
