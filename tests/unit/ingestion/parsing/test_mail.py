"""E-mail."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from ingestion.items import Element
from ingestion.parsing.mail import parse_mail


def message(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in {"From": "김하늘 <kim@haneul.example>", "Subject": "회의 안내", **headers}.items():
        mail[name] = value
    return mail


def test_parse_mail_takes_headers_and_plain_text() -> None:
    mail = message(To="a@haneul.example", Date="Thu, 01 Oct 2026 09:12:00 +0900", Keywords="회의, 10월")
    mail.set_content("안녕하세요.\n\n내일 뵙겠습니다.\n", cte="quoted-printable")
    mail.add_alternative("<p>HTML</p>", subtype="html")
    parsed = parse_mail(mail.as_bytes())
    assert parsed.title == "회의 안내"
    assert parsed.metadata == {
        "author": "김하늘", "published_at": "2026-10-01T09:12:00+09:00", "tags": ["회의", "10월"],
    }  # fmt: skip
    assert parsed.elements == (
        Element("heading", "회의 안내", 1),
        Element(
            "text", "From: 김하늘 <kim@haneul.example>\nTo: a@haneul.example\nDate: Thu, 01 Oct 2026 09:12:00 +0900"
        ),
        Element("text", "안녕하세요."),
        Element("text", "내일 뵙겠습니다."),
    )


def test_parse_mail_falls_back_to_html() -> None:
    mail = message()
    mail.set_content("<h1>공지</h1><table><tr><td>1</td><td>2</td></tr></table>", subtype="html", cte="base64")
    assert parse_mail(mail.as_bytes()).elements[2:] == (Element("heading", "공지", 1), Element("table", "1 | 2"))


@pytest.mark.parametrize("declared", ["; charset=euc-kr", "; charset=ks_c_5601-1987", ""])
def test_parse_mail_reads_old_korean_mail(declared: str) -> None:
    headers = f"From: 김하늘 <kim@haneul.example>\nSubject: 회의 안내\nContent-Type: text/plain{declared}\n"
    raw = f"{headers}Content-Transfer-Encoding: 8bit\n\n똠방각하 귀하\n"
    parsed = parse_mail(raw.encode("cp949"))
    assert (parsed.title, parsed.metadata["author"], parsed.elements[-1].text) == (
        "회의 안내",
        "김하늘",
        "똠방각하 귀하",
    )


def test_attachments_are_sections_read_or_named_with_a_reason() -> None:
    inner = message(Subject="안쪽")
    inner.set_content("안쪽 글")
    inner.add_attachment(b"x", maintype="text", subtype="plain", filename="deep.txt")
    mail = message()
    mail.set_content("첨부합니다.")
    mail.add_attachment("# 규칙\n\n지킨다.".encode(), maintype="text", subtype="markdown", filename="규칙.md")
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="blob.bin")
    mail.add_attachment(inner)
    elements = parse_mail(mail.as_bytes()).elements
    assert elements[3:8] == (
        Element("heading", "규칙.md", 2),
        Element("text", "Attachment: 규칙.md"),
        Element("heading", "규칙", 3),
        Element("text", "지킨다."),
        Element("heading", "blob.bin", 2),
    )
    assert elements[8].text.startswith("Attachment: blob.bin (not read: ")
    assert [element.text for element in elements[9:]] == [
        "attachment 3", "Attachment: attachment 3", "안쪽", "From: 김하늘 <kim@haneul.example>", "안쪽 글",
        "deep.txt", "Attachment: deep.txt",
    ]  # fmt: skip
