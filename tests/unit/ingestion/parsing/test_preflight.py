"""The look before parsing: honest files pass, bombs, locks, lies and wrong names do not."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.media_types import DOCX, EPUB, PPTX, XLSX
from ingestion.errors import Unparseable
from ingestion.parsing.preflight import PreflightLimits, check
from tests.faults.hostile_archives import nested, zipped
from tests.faults.hostile_file import MIB, Entry, deflated, raw_zip
from tests.faults.hostile_office import book, sheet, slides, word
from tests.faults.hostile_records import png

PART = "word/document.xml"
XML = "application/xml"
LIMITS = PreflightLimits(entries=5, entry_bytes=2 * MIB, total_bytes=3 * MIB, ratio=100, ratio_from_bytes=MIB // 2)
NOISE = random.Random(1).randbytes(900_000)
KINDS = {"bomb", "binary", "corrupt", "empty", "encrypted", "unsafe", "unsupported"}


def refusal(data: bytes, media_type: str = DOCX, limits: PreflightLimits = LIMITS) -> str:
    """Return the reason a file is refused with."""
    with pytest.raises(Unparseable) as caught:
        check(data, media_type, limits)
    return str(caught.value)


def with_doctype(declarations: str, body: str = "") -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE a [{declarations}]><a>{body}</a>'.encode()


@pytest.mark.parametrize(("data", "media_type"), [(word(), DOCX), (sheet(), XLSX), (slides(), PPTX), (book(), EPUB)])
def test_honest_documents_pass(data: bytes, media_type: str) -> None:
    check(data, media_type)


def test_an_embedded_workbook_passes() -> None:
    check(zipped({PART: b"<a/>", "word/embeddings/sheet.xlsx": sheet()}), DOCX)


@pytest.mark.parametrize(
    ("entries", "copies", "words"),
    [
        ([Entry("a", deflated(1), MIB)], 1, "100 times its size"),
        ([Entry("a", deflated(1), 1000)], 1, "more than the 1,000 bytes it states"),
        ([Entry("a", bytes(4 * MIB), 4 * MIB, method=0)], 1, "says it unpacks to more than 3,145,728"),
        ([Entry("a", NOISE * 3, len(NOISE) * 3, method=0)], 1, "more than 2,097,152 bytes"),
        ([Entry("a", b"\x03\x00", 0)], 6, "more than 5 entries"),
        ([Entry("a", b"\x03\x00", 0)], 2, "shares its bytes"),
    ],
)
def test_bombs_are_found(entries: list[Entry], copies: int, words: str) -> None:
    reason = refusal(raw_zip(entries, copies))
    assert reason.startswith("bomb: ")
    assert words in reason


def test_nested_archives_share_one_total_and_a_depth() -> None:
    assert refusal(nested(3)) == "bomb: archives are nested more than 2 deep"
    check(nested(2), DOCX, LIMITS)
    assert "bomb: the archive" in refusal(zipped({name: zipped({"a": NOISE}) for name in "abc"}))
    check(zipped({"a": zipped({"a": NOISE})}), DOCX, LIMITS)


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "C:\\a", "..\\a", "\\\\server\\a"])
def test_names_outside_the_archive_are_unsafe(name: str) -> None:
    assert refusal(zipped({name: b"x"})).startswith("unsafe: ")


@pytest.mark.parametrize("kind", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_entity_bombs_are_found_in_every_encoding(kind: str) -> None:
    laughs = with_doctype('<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">', "&c;" * 1000).decode()
    limits = PreflightLimits(entity_bytes=2000)
    assert refusal(laughs.encode(kind), XML, limits).startswith("bomb: ")
    assert refusal(zipped({PART: laughs.encode(kind)}), DOCX, limits).startswith("bomb: ")


@pytest.mark.parametrize(
    ("declarations", "kind"),
    [
        ('<!ENTITY x SYSTEM "file:///etc/passwd">', "unsafe"),
        ('<!ENTITY % x PUBLIC "a" "http://example.com/x.dtd"> %x;', "unsafe"),
        ('<!ENTITY a "&b;"><!ENTITY b "&a;">', "bomb"),
        ('<!ENTITY a "&a;">', "bomb"),
    ],
)
def test_entities_from_outside_and_in_circles_are_refused(declarations: str, kind: str) -> None:
    assert refusal(with_doctype(declarations), XML).startswith(f"{kind}: ")


def test_ordinary_entities_pass() -> None:
    check(with_doctype('<!ENTITY nbsp "&#160;"><!ENTITY me "A &amp; B">', "&me;&nbsp;"), XML)
    check(b"<p>write &lt;!ENTITY x&gt; to declare one</p>", "text/html")


def test_a_declaration_that_straddles_two_pieces_is_found() -> None:
    for blanks in range(2**18 - 12, 2**18):
        declaration = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///a">]>'
        assert refusal(zipped({PART: b" " * blanks + declaration}), limits=PreflightLimits()).startswith("unsafe: ")


@pytest.mark.parametrize(
    ("data", "media_type", "kind"),
    [
        (b"", "text/plain", "empty"),
        (zipped({"a": b"b"}), "text/markdown", "unsupported"),
        (b"\x1f\x8b\x08" + bytes(20), "text/plain", "unsupported"),
        (b"BZh91AY&SY" + bytes(20), "text/csv", "unsupported"),
        (png(1, 1, b""), "text/plain", "binary"),
        (b"%PDF-1.7", "text/html", "binary"),
        (b"not a zip", XLSX, "corrupt"),
        (zipped({"a": b"b"})[:-30], DOCX, "corrupt"),
        (png(50_000, 50_000, b""), "image/png", "bomb"),
        (png(11_000, 11_000, b""), "image/png", "bomb"),
        (b"no image", "image/jpeg", "corrupt"),
    ],
)
def test_wrong_and_broken_files_are_refused(data: bytes, media_type: str, kind: str) -> None:
    assert refusal(data, media_type).startswith(f"{kind}: ")


def test_text_that_only_begins_like_a_format_passes() -> None:
    check(b"BZh was here", "text/plain")
    check("PK 값을 넣으세요".encode(), "text/markdown")


def test_an_encrypted_entry_is_named() -> None:
    assert "encrypted: 'a'" in refusal(raw_zip([Entry("a", b"x", 9, flags=1)]))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damage_is_always_a_typed_reason_or_nothing(data: st.DataObject) -> None:
    original = bytearray(zipped({PART: b"<a>text</a>" * 20, "inner.zip": zipped({"x": b"y" * 50})}))
    for _ in range(data.draw(st.integers(1, 8))):
        original[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(original[: data.draw(st.integers(1, len(original)))])
    try:
        check(damaged, data.draw(st.sampled_from([DOCX, EPUB, XML, "text/plain", "image/png", "application/x"])))
    except Unparseable as error:
        assert error.kind in KINDS


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), st.binary(max_size=2000), min_size=1, max_size=5))
def test_every_honest_archive_passes(files: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, b"." + content)
    check(buffer.getvalue(), DOCX)
