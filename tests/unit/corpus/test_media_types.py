"""What a file is: its bytes first, then its name."""

from __future__ import annotations

import io
import zipfile

import pytest

from corpus.media_types import DOCX, EPUB, OLE, PPTX, XLSX, ZIP, media_type
from ingestion.parsing import parsers

PNG = b"\x89PNG\r\n\x1a\n"


def archive(*members: str, declared: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        if declared:
            packed.writestr("mimetype", declared)
        for member in members:
            packed.writestr(member, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.md", b"# x", "text/markdown"),
        ("연차.MD", b"# x", "text/markdown"),
        ("a.txt", b"%PDF-1.4", "application/pdf"),
        ("junk.pdf", b"\x00\x01", "application/pdf"),
        ("noextension", b"hello", "application/octet-stream"),
        ("a.png", b"\x89PNG", "image/png"),
        ("notes.txt", PNG, "image/png"),
        ("notes.txt", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("notes.txt", archive("word/document.xml"), DOCX),
        ("a.docx", archive("ppt/presentation.xml"), PPTX),
        ("a.zip", archive("xl/workbook.xml"), XLSX),
        ("a.bin", archive("META-INF/container.xml", declared="application/epub+zip"), EPUB),
        ("a.txt", archive("anything"), ZIP),
        ("a.docx", b"PK\x03\x04 broken", DOCX),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", OLE),
        ("a.tsx", b"x", "text/x-tsx"),
        ("src/lib.rs", b"x", "text/x-rust"),
        ("Makefile", b"all:", "text/x-makefile"),
        ("dir.v2/README", b"hi", "text/plain"),
        ("회의.eml", b"From: a", "message/rfc822"),
        ("a.ipynb", b"{}", "application/x-ipynb+json"),
    ],
)
def test_media_type_by_content_then_by_name(name: str, data: bytes, expected: str) -> None:
    assert media_type(name, data) == expected


NAMES = """a.md a.txt a.html a.csv a.tsv a.json a.jsonl a.ipynb a.eml a.pdf a.docx a.pptx a.xlsx a.epub 
a.png a.jpg a.tif a.py a.js a.ts a.tsx a.java a.go a.rs a.c a.cpp a.sh a.sql a.yaml a.toml a.css a.xml Dockerfile"""


@pytest.mark.parametrize("name", NAMES.split())
def test_every_name_we_know_has_a_parser(name: str) -> None:
    assert media_type(name, b"") in parsers()
