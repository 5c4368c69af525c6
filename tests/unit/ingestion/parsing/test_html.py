"""Web pages: main text kept, frame gone, meta tags read."""

from __future__ import annotations

import pytest

from ingestion.parsing.html import parse_html

SENTENCE = "하늘 드라이브의 공유 링크는 만든 사람이 정한 날까지 열 수 있습니다. "
PAGE = f"""<!doctype html><html><head><title>링크 안내 | 하늘</title>
<meta property="og:title" content="링크 안내"><meta name="author" content="한지우">
<meta property="article:published_time" content="2026-09-08T10:00:00+09:00">
<meta property="article:modified_time" content="2026-09-10"><meta name="keywords" content="링크, 공유"></head>
<body><div class="cookie-banner">쿠키를 씁니다</div><header><nav><a href="/">처음</a></nav></header>
<div class="menu"><a href="/a">제품</a> <a href="/b">요금</a></div>
<main><h1>링크 안내</h1><p>{SENTENCE * 5}</p><h2>순서</h2>
<ol><li>{SENTENCE}</li><li>누르기 <code>hw share</code></li></ol>
<table><tr><th>종류</th><th>날</th></tr><tr><td>손님</td><td>14일</td></tr></table><pre>hw share --days 3</pre></main>
<aside>광고입니다</aside><footer>© 하늘웍스</footer></body></html>"""


def test_parse_html_keeps_structure_and_drops_the_frame() -> None:
    parsed = parse_html(PAGE.encode())
    assert [(element.kind, element.level) for element in parsed.elements] == [
        ("heading", 1), ("text", 0), ("heading", 2), ("text", 0), ("table", 0), ("code", 0),
    ]  # fmt: skip
    assert parsed.elements[3].text == f"1. {SENTENCE.strip()}\n2. 누르기 hw share"
    assert parsed.elements[4].text == "종류 | 날\n손님 | 14일"


def test_parse_html_reads_meta_tags() -> None:
    parsed = parse_html(PAGE.encode())
    assert parsed.title == "링크 안내"
    assert parsed.metadata == {
        "author": "한지우",
        "published_at": "2026-09-08T10:00:00+09:00",
        "modified_at": "2026-09-10",
        "tags": ["링크", "공유"],
    }


def test_parse_html_reads_linked_data_and_time() -> None:
    linked = '{"@graph": [{"@type": "Article", "datePublished": "2026-01-02", "author": {"name": "Kim"}}]}'
    page = f'<html><head><script type="application/ld+json">{linked}</script></head><body><p>text</p></body></html>'
    assert parse_html(page.encode()).metadata == {"author": "Kim", "published_at": "2026-01-02"}
    page = '<html><body><article><time datetime="2026-03-04">4 March</time><p>text</p></article></body></html>'
    assert parse_html(page.encode()).metadata == {"published_at": "2026-03-04"}


def test_parse_html_keeps_a_short_page() -> None:
    head = "<head><title>한도  안내</title><script>x()</script></head>"
    page = f"<html>{head}<body><nav>메뉴</nav><h1>API 한도</h1><p>분당 600회.</p></body></html>"
    parsed = parse_html(page.encode())
    assert parsed.title == "한도 안내"
    assert [element.text for element in parsed.elements] == ["API 한도", "분당 600회."]


def test_parse_html_keeps_what_stands_in_an_article_or_a_form() -> None:
    page = (
        f"<html><body><form><article><header><h1>Title</h1></header><p>{SENTENCE * 4}</p>"
        "<aside class=note>Mind the gap.</aside><footer>A footnote.</footer></article></form></body></html>"
    )
    assert [element.text for element in parse_html(page.encode()).elements] == [
        "Title", (SENTENCE * 4).strip(), "Mind the gap.", "A footnote.",
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_parse_html_reads_korean_whatever_the_page_declares(encoding: str) -> None:
    declared = '<?xml version="1.0" encoding="euc-kr"?><html><head><meta charset="euc-kr"></head>'
    page = f"{declared}<body><p>안녕하세요.</p></body></html>"
    assert [element.text for element in parse_html(page.encode(encoding)).elements] == ["안녕하세요."]
