"""Zip archives under the names of documents: bombs of every kind, lies, attacks, damage."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

from tests.faults.hostile_file import MIB, Entry, HostileFile, deflated, hostile, raw_zip

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def zipped(files: dict[str, bytes]) -> bytes:
    """Write an honest archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():  # an entry made by hand bears no date of today
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def nested(depth: int) -> bytes:
    """Put archives into each other."""
    data = zipped({"word/document.xml": b"<a/>"})
    for _ in range(depth):
        data = zipped({"word/document.xml": b"<a/>", "inner.zip": data})
    return data


def tar() -> bytes:
    """Write a small tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("note.txt"), io.BytesIO())
    return buffer.getvalue()


def lzma_archive() -> bytes:
    """Compress a part in a way no document is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", b"<a/>" * 1000)
    return buffer.getvalue()


def archive_files() -> list[HostileFile]:
    """Return hostile archives."""
    part = "word/document.xml"
    gigabyte = deflated(1024)
    many = zipped({part: b"<a/>"} | {f"word/media/{number}": b"" for number in range(20_000)})
    tiny = raw_zip([Entry(part, b"\x03\x00", 0)], copies=1)
    locked = raw_zip([Entry(part, b"secret bytes", 100, flags=1)])
    stream = "EncryptedPackage".encode("utf-16-le")
    return [
        hostile("flat-bomb.docx", raw_zip([Entry(part, gigabyte, 1024 * MIB)]), "bomb"),
        hostile("flat-bomb-with-4-gb.docx", raw_zip([Entry(part, gigabyte * 4, 4095 * MIB)]), "bomb"),
        hostile("bomb-that-says-it-is-small.docx", raw_zip([Entry(part, gigabyte, 1000)]), "bomb"),
        hostile("bomb-that-says-it-is-empty.xlsx", raw_zip([Entry("xl/workbook.xml", gigabyte, 0)]), "bomb"),
        hostile(
            "bomb-in-many-parts.docx",
            raw_zip([Entry(f"{n}.xml", deflated(30), 30 * MIB) for n in range(30)]),
            "bomb",
            "unsupported",
        ),
        hostile(
            "overlapping-bomb.docx", raw_zip([Entry(part, deflated(3), 3 * MIB)], copies=500), "bomb", "unsupported"
        ),
        hostile(
            "overlapping-small.pptx",
            raw_zip([Entry("ppt/presentation.xml", deflated(1), MIB), Entry("b", deflated(1), MIB)], copies=3),
            "bomb",
            "unsupported",
        ),
        hostile("entries-20000.docx", many, "bomb"),
        hostile("entries-100000.docx", raw_zip([Entry(part, b"\x03\x00", 0)], copies=100_000), "bomb", "unsupported"),
        hostile("nested-8-deep.docx", nested(8), "bomb"),
        hostile(
            "nested-bomb.docx",
            zipped({part: b"<a/>", "inner.zip": raw_zip([Entry("a", gigabyte, 1024 * MIB)])}),
            "bomb",
        ),
        hostile("climbs-out.docx", zipped({part: b"<a/>", "../../../../tmp/evil": b"x"}), "unsafe"),
        hostile("absolute-path.xlsx", zipped({"xl/workbook.xml": b"<a/>", "/etc/passwd": b"x"}), "unsafe"),
        hostile("windows-path.pptx", zipped({"ppt/presentation.xml": b"<a/>", "C:\\windows\\evil": b"x"}), "unsafe"),
        hostile("encrypted-entry.docx", locked, "encrypted"),
        hostile("encrypted-office.docx", OLE + bytes(600) + stream + bytes(4000), "encrypted"),
        hostile("encrypted-office.xlsx", OLE + bytes(600) + stream + bytes(4000), "encrypted"),
        hostile("word-97.docx", OLE + bytes(600) + "WordDocument".encode("utf-16-le") + bytes(4000), "unsupported"),
        hostile("only-the-end.docx", b"PK\x05\x06" + bytes(18), "empty"),
        hostile("hollow-part.docx", tiny, "corrupt", "empty"),
        hostile("directory-is-gone.docx", zipped({part: b"<a/>" * 1000})[:-60], "corrupt", "unsupported"),
        hostile("directory-is-noise.docx", b"PK\x03\x04" + bytes(range(256)) * 40, "corrupt", "unsupported"),
        hostile("lzma.docx", lzma_archive(), "unsupported"),
        hostile("damaged-stream.docx", raw_zip([Entry(part, b"\xff" * 500, 5000)]), "corrupt"),
        hostile("zip-named.txt", zipped({"a.txt": b"text"}), "unsupported"),
        hostile("zip-named.pdf", zipped({"a.txt": b"text"}), "unsupported", "corrupt"),
        hostile("plain.zip", zipped({"a.txt": b"text"}), "unsupported"),
        hostile("gzip-named.md", gzip.compress(b"# text", mtime=0), "unsupported"),
        hostile("gzip-bomb.txt", b"\x1f\x8b\x08" + bytes(7) + gigabyte + bytes(8), "unsupported"),
        hostile("archive.tar", tar(), "unsupported"),
        hostile("tar-named.txt", tar(), "unsupported", "binary"),
    ]
