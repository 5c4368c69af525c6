"""Books."""

from __future__ import annotations

import io
import zipfile

import pytest

from corpus.media_types import EPUB
from ingestion.errors import Unparseable
from ingestion.items import Element
from ingestion.parsing import parse

PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>길잡이</dc:title><dc:creator>한지우</dc:creator>
<dc:creator>Kim</dc:creator><dc:date>2026-06-22</dc:date><dc:subject>앱</dc:subject><dc:subject>휴대폰</dc:subject>
<meta property="dcterms:modified">2026-06-23T01:02:03Z</meta></metadata>
<manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/b%20two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="../a.xhtml" media-type="application/xhtml+xml"/>
<item id="s" href="s.css" media-type="text/css"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OPS/p.opf"/></rootfiles></container>"""
LOCKED = '<encryption xmlns:e="x"><e:EncryptedData><e:EncryptionMethod Algorithm="{}"/></e:EncryptedData></encryption>'


def book(**changes: str | None) -> bytes:
    members: dict[str, str | None] = {
        "META-INF/container.xml": CONTAINER,
        "OPS/p.opf": PACKAGE,
        "OPS/nav.xhtml": "<html><body><nav>Contents</nav></body></html>",
        "OPS/text/b two.xhtml": "<html><body><h2>둘</h2><p>끝.</p></body></html>",
        "a.xhtml": '<?xml version="1.0" encoding="utf-8"?>'
        "<html><body><header><h1>하나</h1></header><p>시작.</p></body></html>",
        **changes,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", EPUB)
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
    return buffer.getvalue()


def test_parse_epub_reads_chapters_in_the_order_of_the_spine() -> None:
    parsed = parse(book(), EPUB)
    assert parsed.elements == (
        Element("heading", "하나", 1), Element("text", "시작."), Element("heading", "둘", 2), Element("text", "끝."),
    )  # fmt: skip
    assert parsed.title == "길잡이"
    assert parsed.metadata == {
        "author": "한지우, Kim", "published_at": "2026-06-22", "modified_at": "2026-06-23T01:02:03+00:00",
        "tags": ["앱", "휴대폰"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"META-INF/encryption.xml": LOCKED.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc")}, "encrypted"),
        ({"META-INF/container.xml": None}, "corrupt"),
        ({"a.xhtml": None}, "corrupt"),
    ],
)
def test_parse_epub_refuses_locked_and_broken_books(changes: dict[str, str | None], reason: str) -> None:
    with pytest.raises(Unparseable) as refusal:
        parse(book(**changes), EPUB)
    assert refusal.value.kind == reason


def test_obfuscated_fonts_lock_no_text() -> None:
    fonts = LOCKED.format("http://www.idpf.org/2008/embedding")
    assert parse(book(**{"META-INF/encryption.xml": fonts}), EPUB).title == "길잡이"
