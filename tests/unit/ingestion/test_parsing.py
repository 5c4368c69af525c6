"""Parsers: structure kept, bad files refused with a reason."""

from __future__ import annotations

import io

import pytest

from ingestion.errors import Unparseable
from ingestion.parsing import parse
from ingestion.parsing.media_types import DOCX, media_type

MARKDOWN = """# 하늘 드라이브

로그인이 안 되면 비밀번호를 확인하세요.

## Reset

- open settings
- press reset

| 요금제 | 가격 |
|---|---|
| 기본 | 3,000원 |

```python
def login(): ...
```
"""


def kinds(data: bytes, kind: str) -> list[tuple[str, str]]:
    return [(element.kind, element.text) for element in parse(data, kind).elements]


def test_parse_markdown_keeps_headings_lists_tables_and_code() -> None:
    assert kinds(MARKDOWN.encode(), "text/markdown") == [
        ("heading", "하늘 드라이브"),
        ("text", "로그인이 안 되면 비밀번호를 확인하세요."),
        ("heading", "Reset"),
        ("text", "- open settings\n- press reset"),
        ("table", "요금제 | 가격\n기본 | 3,000원"),
        ("code", "def login(): ..."),
    ]


def test_parse_html_drops_boilerplate_and_takes_the_title() -> None:
    page = (
        "<html><head><title>한도  안내</title><script>x()</script></head><body><nav>메뉴 홈</nav>"
        "<h1>API 한도</h1><p>분당 600회까지 부를 수 있습니다.</p><footer>회사 주소</footer></body></html>"
    )
    parsed = parse(page.encode(), "text/html")
    assert parsed.title == "한도 안내"
    assert [element.text for element in parsed.elements] == ["API 한도", "분당 600회까지 부를 수 있습니다."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_parse_text_reads_korean_encodings(encoding: str) -> None:
    data = "회의록입니다.\n\n로그인 오류를 다음 주까지 고칩니다.".encode(encoding)
    assert kinds(data, "text/plain") == [("text", "회의록입니다."), ("text", "로그인 오류를 다음 주까지 고칩니다.")]


def test_parse_docx_keeps_headings_and_tables() -> None:
    import docx

    document = docx.Document()
    document.core_properties.author = "Kim"
    document.add_heading("출장비 정산", 1)
    document.add_paragraph("영수증은 30일 안에 냅니다.")
    table = document.add_table(2, 2)
    for cell, text in zip(
        [c for row in table.rows for c in row.cells], ["항목", "한도", "식비", "50,000원"], strict=True
    ):
        cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    parsed = parse(buffer.getvalue(), DOCX)
    assert [(e.kind, e.text) for e in parsed.elements] == [
        ("heading", "출장비 정산"),
        ("text", "영수증은 30일 안에 냅니다."),
        ("table", "항목 | 한도\n식비 | 50,000원"),
    ]
    assert parsed.metadata == {"author": "Kim"}


def test_parse_pdf_finds_headings_paragraphs_and_pages() -> None:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.setTitle("Policy")
    canvas.setFont("Helvetica", 20)
    canvas.drawString(72, 760, "Security policy")
    canvas.setFont("Helvetica", 11)
    for y, line in (
        (730, "Laptops are locked after five"),
        (716, "minutes without use."),
        (680, "Keys rotate monthly."),
    ):
        canvas.drawString(72, y, line)
    canvas.showPage()
    canvas.setFont("Helvetica", 11)
    canvas.drawString(72, 760, "Visitors sign in.")
    canvas.save()
    parsed = parse(buffer.getvalue(), "application/pdf")
    assert [(e.kind, e.text, e.page) for e in parsed.elements] == [
        ("heading", "Security policy", 1),
        ("text", "Laptops are locked after five minutes without use.", 1),
        ("text", "Keys rotate monthly.", 1),
        ("text", "Visitors sign in.", 2),
    ]
    assert parsed.title == "Policy"


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"", "text/markdown", "empty"),
        (b"   \n\n ", "text/plain", "empty"),
        (b"<html><body><nav>only menu</nav></body></html>", "text/html", "empty"),
        (b"\x00\x01\x02junk", "text/plain", "binary"),
        (bytes(range(256)) * 8, "application/pdf", "corrupt"),
        (b"%PDF-1.7\ntruncated", "application/pdf", "corrupt"),
        (b"PK\x03\x04 not a zip", DOCX, "corrupt"),
        (b"no zip at all", DOCX, "corrupt"),
        (b"\xd0\xcf\x11\xe0 old or encrypted", DOCX, "encrypted"),
        (b"GIF89a", "image/gif", "unsupported"),
    ],
)
def test_parse_refuses_bad_files_with_a_reason(data: bytes, kind: str, reason: str) -> None:
    with pytest.raises(Unparseable) as refusal:
        parse(data, kind)
    assert refusal.value.kind == reason


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.md", b"# x", "text/markdown"),
        ("연차.MD", b"# x", "text/markdown"),
        ("a.txt", b"%PDF-1.4", "application/pdf"),
        ("junk.pdf", b"\x00\x01", "application/pdf"),
        ("noextension", b"hello", "application/octet-stream"),
        ("a.png", b"\x89PNG", "image/png"),
    ],
)
def test_media_type_by_content_then_by_name(name: str, data: bytes, expected: str) -> None:
    assert media_type(name, data) == expected
