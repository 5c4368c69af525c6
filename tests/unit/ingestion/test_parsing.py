"""The door to all parsers: a type finds its parser, bad files are refused with a reason."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.media_types import DOCX, EPUB, OLE, PPTX, XLSX
from ingestion import parsing
from ingestion.errors import Unparseable
from ingestion.parsing import parse

OLE_HEADER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def other_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("letter.txt", "hello")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"", "text/markdown", "empty"),
        (b"   \n\n ", "text/plain", "empty"),
        (b"<html><body><nav>only menu</nav></body></html>", "text/html", "empty"),
        (b"\n,,\n", "text/csv", "empty"),
        (b"{}", "application/json", "empty"),
        (b"\x00\x01\x02junk", "text/plain", "binary"),
        (b"\xff\xfe" + bytes(range(1, 250)) * 5, "text/plain", "encoding"),
        (b"\xff\xfe" + "\u0601\u0378\ue000\u0002".encode("utf-16-le") * 20, "text/plain", "binary"),
        (bytes(range(256)) * 8, "application/pdf", "corrupt"),
        (b"%PDF-1.7\ntruncated", "application/pdf", "corrupt"),
        (b"PK\x03\x04 not a zip", DOCX, "corrupt"),
        (b"no zip at all", DOCX, "corrupt"),
        (b"no zip at all", PPTX, "corrupt"),
        (b"no zip at all", XLSX, "corrupt"),
        (b"no zip at all", EPUB, "corrupt"),
        (other_archive(), DOCX, "corrupt"),
        (other_archive(), EPUB, "corrupt"),
        (b'{"open": ', "application/json", "corrupt"),
        (b"no header, no mail", "message/rfc822", "corrupt"),
        (b"[1, 2]", "application/x-ipynb+json", "corrupt"),
        (b"no picture", "image/png", "corrupt"),
        (OLE_HEADER + "EncryptedPackage".encode("utf-16-le"), DOCX, "encrypted"),
        (OLE_HEADER + "EncryptedPackage".encode("utf-16-le"), OLE, "encrypted"),
        (OLE_HEADER + "WordDocument".encode("utf-16-le"), OLE, "unsupported"),
        (GIF, "image/gif", "unsupported"),
        (b"hello", "application/octet-stream", "unsupported"),
    ],
)
def test_parse_refuses_bad_files_with_a_reason(data: bytes, kind: str, reason: str) -> None:
    with pytest.raises(Unparseable) as refusal:
        parse(data, kind)
    assert refusal.value.kind == reason


@pytest.mark.parametrize("media_type", sorted(kind for kind in parsing.parsers() if not kind.startswith("image/")))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_parse_answers_or_refuses_any_bytes(media_type: str, data: bytes) -> None:
    try:
        parsed = parse(data, media_type)
    except Unparseable as refusal:
        assert refusal.kind
    else:
        assert any(element.text.strip() for element in parsed.elements)


def test_fingerprint_names_the_libraries_that_decide_the_output() -> None:
    assert parsing.fingerprint().startswith("parsing-2+unstructured-")
    assert "+pdfplumber-" in parsing.fingerprint()
