"""The first bytes of formats that turn up under wrong names."""

from __future__ import annotations

ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARCHIVES = {
    ZIP: "zip",
    EMPTY_ZIP: "zip",
    b"\x1f\x8b\x08": "gzip",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_ARCHIVES |= {b"BZh%d1AY&SY" % level: "bzip2" for level in range(1, 10)}
_BINARIES = {
    b"%PDF-": "a PDF",
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"\x7fELF": "a program",
    b"SQLite format 3\x00": "an SQLite database",
    OLE: "an old Office document",
}
_TAR_OFFSET = 257


def archive_format(data: bytes) -> str | None:
    """Name the archive format of a file; None if it is no archive we know."""
    if data[_TAR_OFFSET : _TAR_OFFSET + 6] in (b"ustar\x00", b"ustar "):
        return "tar"
    return next((name for signature, name in _ARCHIVES.items() if data.startswith(signature)), None)


def binary_format(data: bytes) -> str | None:
    """Name the binary format of a file; None if it is none we know."""
    return next((name for signature, name in _BINARIES.items() if data.startswith(signature)), None)
