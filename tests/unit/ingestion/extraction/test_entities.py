"""Names in both languages: found with a cue, left out without one."""

from __future__ import annotations

import pytest

from ingestion.extraction.entities import MOST, Entities, default_recogniser, ranked


def recognise(language: str, *texts: str) -> Entities:
    return default_recogniser().recognise(texts, language)


def test_english_names_are_found() -> None:
    found = recognise(
        "en",
        "Angela Merkel met Tim Cook of Goldman Sachs Group in Lisbon on Monday.",
        "Stanford University opened an office in Seoul, South Korea. Dr. Smith will lead it.",
    )
    assert {"Angela Merkel", "Tim Cook", "Smith"} <= set(found.people)
    assert {"Goldman Sachs Group", "Stanford University"} <= set(found.organisations)
    assert {"Lisbon", "Seoul"} <= set(found.places)


def test_words_of_manuals_are_no_english_names() -> None:
    found = recognise(
        "en",
        "Listing 4-2 shows a Box in Listing 4-1. A box owns its value; a Vec grows. Use Cargo to build.",
        "Select Settings, then Reset Password. The password is reset when the settings are saved.",
    )
    assert found == Entities()


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("홍길동 대표가 김서연 씨와 만났다.", ("홍길동", "김서연")),
        ("이지은 과장님과 최은영님, 김민수 본부장님께 알렸다.", ("이지은", "최은영", "김민수")),
        ("남궁민수 교수가 말했다.", ("남궁민수",)),
        ("작성자: 김철수", ("김철수",)),
        ("이용자님은 신청자 대표 명의로 문의하세요.", ()),
        ("김민수 이사했다.", ()),
        ("강원도 대표, 이란 대표, 하이브 대표", ()),
        ("홍길동이 왔다.", ()),
    ],
)
def test_korean_people_need_a_title_or_a_role(text: str, people: tuple[str, ...]) -> None:
    assert recognise("ko", text).people == people


@pytest.mark.parametrize(
    ("text", "organisations"),
    [
        ("한국은행과 기획재정부, 국세청, 서울대학교를 방문했다.", ("한국은행", "기획재정부", "국세청", "서울대학교")),
        ("(주)하늘드라이브가 주식회사 카카오, 네이버(주)와 계약했다.", ("하늘드라이브", "카카오", "네이버")),
        ("서울중앙지방법원과 국민연금공단", ("서울중앙지방법원", "국민연금공단")),
        ("주거래은행에서 담당부서로 요청하면 위원회가 본다.", ()),
        ("주식회사 설립 절차", ()),
        ("와일드카드를 쓴다.", ()),
    ],
)
def test_korean_organisations_need_an_ending_or_a_mark(text: str, organisations: tuple[str, ...]) -> None:
    assert recognise("ko", text).organisations == organisations


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("서울시 강남구 역삼동에서 부산센터로", ("서울시", "강남구", "역삼동", "부산")),
        ("리스본과 독일 베를린, 판교역", ("리스본", "독일", "베를린", "판교역")),
        ("세종특별자치시, 경기도 성남시", ("세종특별자치시", "경기도", "성남시")),
        ("레거시 코드의 크래시와 관용구를 처리하는 화면", ()),
    ],
)
def test_korean_places_are_known_or_follow_a_region(text: str, places: tuple[str, ...]) -> None:
    assert recognise("ko", text).places == places


def test_a_language_nobody_trained_for_has_no_names() -> None:
    assert recognise("de", "Angela Merkel wohnt in Berlin.") == Entities()


def test_the_most_frequent_names_are_kept() -> None:
    names = [f"name {number}" for number in range(MOST + 5)] + ["name 33"]
    assert ranked(names)[0] == "name 33"
    assert len(ranked(names)) == MOST
