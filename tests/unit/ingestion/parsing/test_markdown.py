"""Markdown and its front matter."""

from __future__ import annotations

import pytest

from ingestion.parsing.markdown import parse_markdown

MARKDOWN = """# 하늘 드라이브

로그인이 안 되면 비밀번호를 확인하세요.[^1]

## Reset

- open settings
- press reset

1. one
2. two

| 요금제 | 가격 |
|---|---|
| 기본 | 3,000원 |

```python
def login(): ...
```

[^1]: 대소문자를 가립니다.
"""


def test_parse_markdown_keeps_headings_lists_tables_code_and_footnotes() -> None:
    parsed = parse_markdown(MARKDOWN.encode())
    assert [(element.kind, element.level, element.text) for element in parsed.elements] == [
        ("heading", 1, "하늘 드라이브"),
        ("text", 0, "로그인이 안 되면 비밀번호를 확인하세요. [1]"),
        ("heading", 2, "Reset"),
        ("text", 0, "- open settings\n- press reset"),
        ("text", 0, "1. one\n2. two"),
        ("table", 0, "요금제 | 가격\n기본 | 3,000원"),
        ("code", 0, "def login(): ..."),
        ("text", 0, "1. 대소문자를 가립니다."),
    ]


YAML = """---
title: 안내
authors: [한지우, Kim]
date: 2026-09-08
updated: 2026-09-10 08:00:00
tags: [링크, 공유]
draft: true
---
"""
TOML = """+++
title = "안내"
authors = ["한지우", "Kim"]
date = 2026-09-08
updated = 2026-09-10T08:00:00
tags = ["링크", "공유"]
status = "Draft"
+++
"""


@pytest.mark.parametrize("front", [YAML, TOML])
def test_front_matter_becomes_metadata(front: str) -> None:
    parsed = parse_markdown(f"{front}본문\n".replace("\n", "\r\n").encode())
    assert parsed.title == "안내"
    assert parsed.metadata == {
        "author": "한지우, Kim",
        "published_at": "2026-09-08",
        "modified_at": "2026-09-10T08:00:00",
        "tags": ["링크", "공유"],
        "publication_state": "draft",
    }
    assert [element.text for element in parsed.elements] == ["본문"]


@pytest.mark.parametrize("text", ["---\nonly a rule\n---\nbody\n", "---\na: [broken\n---\nbody\n", "---\n\nbody\n"])
def test_what_is_no_front_matter_stays_text(text: str) -> None:
    parsed = parse_markdown(text.encode())
    assert parsed.metadata == {}
    assert "body" in " ".join(element.text for element in parsed.elements)
    assert ("rule" in text) <= ("rule" in " ".join(element.text for element in parsed.elements))


def test_published_true_is_a_state_and_no_date() -> None:
    assert parse_markdown(b"---\npublished: true\n---\nx").metadata == {"publication_state": "published"}
