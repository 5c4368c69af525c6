"""All metadata of a document together: what the file says wins, masked values stay out, nothing raises."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.extraction import VERSION, Entities, extract, title
from ingestion.items import Element, Parsed

KOREAN = Parsed(
    (
        Element("heading", "출장비 정산", 1, 1),
        Element("text", "홍길동 팀장은 2026년 3월 1일 서울에서 출장비 정산을 맡았다. [PHONE:3f9a2c71]", page=2),
        Element("code", "파이썬 파이썬 파이썬"),
        Element("table", "숙박비 | 일비\n숙박비 | 교통비", page=3),
    )
)


class Fixed:
    """A recogniser that finds one name, whatever it reads."""

    name = "fixed-1"

    def recognise(self, texts: Sequence[str], language: str) -> Entities:
        return Entities(people=(f"{language} {len(texts)}",))


def test_a_document_is_described() -> None:
    found = extract(KOREAN, "a.md")
    assert found["language"] == "ko"
    assert found["page_count"] == 3
    assert found["entities"] == {"people": ["홍길동"], "places": ["서울"], "dates": ["2026-03-01"]}
    assert "출장비 정산" in found["keywords"]
    assert "author" not in found
    assert json.loads(json.dumps(found)) == found


def test_what_the_file_says_wins() -> None:
    said = {"author": "A", "keywords": ["mine"], "page_count": 9, "tags": ["t"], "published_at": "2026-01-01"}
    found = extract(Parsed(KOREAN.elements, metadata=said), "a.md")
    assert {name: found[name] for name in said} == said


def test_nothing_stands_for_what_is_not_known() -> None:
    assert extract(Parsed((), metadata={"author": "", "tags": []}), "a.md") == {"language": "en"}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_stands_for_masked_values_is_no_keyword_and_no_name(language: str) -> None:
    sentences = {
        "ko": "[PERSON] 대표는 [PHONE]로, [EMAIL:3f9a2c71]로 연락한다. [BUSINESS_NUMBER] 번호를 적는다.",
        "en": "Call [PHONE] or write to [EMAIL:3f9a2c71]. [PERSON] works at [BUSINESS_NUMBER] in [PLACE].",
    }
    found = json.dumps(extract(Parsed((Element("text", sentences[language]),) * 5), "a.md"), ensure_ascii=False)
    for word in ("PHONE", "EMAIL", "PERSON", "BUSINESS", "PLACE", "3f9a"):
        assert word not in found


def test_code_is_not_read() -> None:
    assert "파이썬" not in extract(KOREAN, "a.md")["keywords"]


def test_another_recogniser_can_be_set() -> None:
    assert extract(KOREAN, "a.md", Fixed())["entities"]["people"] == ["ko 2"]


@pytest.mark.parametrize(
    ("parsed", "expected"),
    [
        (Parsed((Element("heading", "작은", 2), Element("heading", "첫\n제목", 1)), "file's"), "첫 제목"),
        (Parsed((Element("heading", "  ", 1),), "file's"), "file's"),
        (Parsed((Element("heading", "작은", 2),), " "), "a.md"),
    ],
)
def test_the_title_is_the_first_heading_else_the_file(parsed: Parsed, expected: str) -> None:
    assert title(parsed, "a.md") == expected


def test_the_version_names_every_model() -> None:
    assert all(name in VERSION for name in ("spacy-", "en_core_web_sm-", "kiwi-", "langdetect-"))


@pytest.mark.parametrize("text", ["’s" * 10_000, "(" * 20_000, "가" * 20_000, "😀" * 5_000, "\ud800 서울", "a\x00b"])
def test_odd_text_is_read_in_little_time(text: str) -> None:
    found = extract(Parsed((Element("text", text),)), "a.md")
    assert found["language"] in ("ko", "en")


letters = st.characters(codec="utf-8") | st.sampled_from("가나 은행 시Ab.[]:PHONE(주)’s\n")
words = st.text(alphabet=letters, max_size=200)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["heading", "text", "table", "code"]), words), max_size=5))
def test_any_document_is_described_alike_each_time(content: list[tuple[str, str]]) -> None:
    parsed = Parsed(tuple(Element(kind, text, level=1) for kind, text in content))  # type: ignore[arg-type]
    found = extract(parsed, "a.md")
    assert found == extract(parsed, "a.md")
    json.dumps(found).encode()
    assert all(found.values())
