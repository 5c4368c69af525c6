"""JSON and JSON Lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.errors import Unparseable
from ingestion.parsing.records import parse_json, parse_json_lines


def found(value: Any) -> list[tuple[str, int, str]]:
    parsed = parse_json(json.dumps(value, ensure_ascii=False).encode())
    return [(element.kind, element.level, element.text) for element in parsed.elements]


def test_alike_objects_become_a_table() -> None:
    value = [{"이름": "팀", "가격": 6900, "한도": {"파일": 3}}, {"이름": "새싹", "무료": True, "태그": ["a", "b"]}]
    assert found(value) == [
        ("table", 0, "이름 | 가격 | 한도.파일 | 무료 | 태그\n팀 | 6900 | 3 |  | \n새싹 |  |  | true | a, b")
    ]


def test_nested_objects_become_sections_and_keep_their_path() -> None:
    value = {"title": "설정", "region": {"kr": {"limit": 5, "open": None}, "events": [{"id": 1}, {"id": 2}]}}
    assert found(value) == [
        ("text", 0, "title: 설정"),
        ("heading", 1, "region"),
        ("heading", 2, "kr"),
        ("text", 0, "limit: 5"),
        ("heading", 2, "events"),
        ("table", 0, "id\n1\n2"),
    ]
    assert parse_json(json.dumps(value).encode()).title == "설정"


def test_objects_with_long_text_become_sections_under_their_name() -> None:
    value = [{"question": "어디?", "answer": "여기.\n바로 여기."}, {"answer": "x" * 300}]
    assert found(value) == [
        ("heading", 1, "어디?"),
        ("text", 0, "question: 어디?\nanswer: 여기.\n바로 여기."),
        ("heading", 1, "2"),
        ("text", 0, f"answer: {'x' * 300}"),
    ]


def test_json_lines_under_either_name() -> None:
    data = '{"a": "하나"}\n{"a": "둘"}\n'.encode()
    assert parse_json(data) == parse_json_lines(data)
    assert parse_json(data).elements[0].text == "a\n하나\n둘"
    with pytest.raises(Unparseable, match="corrupt"):
        parse_json_lines(b'{"a": 1}\nnot json\n')


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(Unparseable, match="too_large"):
        parse_json(b"[" * 100_000)


WORD = st.integers(10**6, 10**7).map(lambda number: f"w{number}x")
JSON = st.recursive(
    WORD,
    lambda below: st.lists(below, min_size=1, max_size=3) | st.dictionaries(WORD, below, min_size=1, max_size=3),
    max_leaves=20,
)


@given(JSON)
def test_every_value_arrives(value: Any) -> None:
    text = "\n".join(text for _, _, text in found(value))

    def check(part: Any) -> None:
        if isinstance(part, dict | list):
            for below in part.values() if isinstance(part, dict) else part:
                check(below)
        else:
            assert part in text

    check(value)
