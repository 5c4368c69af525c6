"""Keywords: what a document speaks of, in both languages, as it writes it."""

from __future__ import annotations

from ingestion.extraction.keywords import COUNT, keywords

KOREAN = [
    "비밀번호를 다섯 번 틀리면 계정이 잠깁니다. 잠긴 계정은 관리자가 풀어 줍니다.",
    "비밀번호 재설정 링크는 30분 동안 유효합니다. 재설정 링크를 열어 새 비밀번호로 바꾸세요.",
    "경우에 따라 계정 잠금을 푸는 방법이 다릅니다. 이 경우 관리자에게 문의하세요.",
]
ENGLISH = [
    "Submit an expense report within thirty days. Expense reports need receipts.",
    "The finance team checks each receipt. Without a receipt the expense report is returned.",
    "In some cases the time is extended, for example for long trips.",
]


def test_korean_nouns_are_found_without_particles() -> None:
    found = keywords(["계정 잠금"], KOREAN, "ko")
    assert {"비밀번호", "계정", "재설정 링크"} <= set(found)
    assert not {"경우", "방법", "비밀번호를"} & set(found)


def test_english_inflections_are_one_keyword() -> None:
    found = keywords(["Expense reports"], ENGLISH, "en")
    assert found[0].lower() in ("expense report", "expense reports")
    assert "receipt" in found
    assert len({word.lower().rstrip("s") for word in found}) == len(found)
    assert not {"time", "case", "example", "cases"} & set(found)


def test_a_part_of_a_longer_term_is_no_keyword_of_its_own() -> None:
    found = keywords([], ["The identity provider is up. An identity provider was down."] * 3, "en")
    assert found == ["identity provider"]


def test_headings_weigh_more() -> None:
    body = ["The printer is beside the scanner.", "The scanner is beside the printer."]
    assert keywords(["Scanner"], body, "en")[0].lower() == "scanner"


def test_keywords_are_few_and_the_same_each_time() -> None:
    body = [f"제품{number} 부품과 설비{number} 도면을 창고{number} 선반에 둡니다." for number in range(30)]
    found = keywords([], body, "ko")
    assert len(found) == COUNT
    assert found == keywords([], list(body), "ko")


def test_other_languages_have_none() -> None:
    assert keywords(["Reisekosten"], ["Die Reisekosten werden erstattet."], "de") == []
