"""Tell what a file is by its first bytes and its name."""

from __future__ import annotations

import io
import mimetypes
import zipfile

_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OFFICE}wordprocessingml.document"
PPTX = f"{_OFFICE}presentationml.presentation"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
EPUB = "application/epub+zip"
OLE = "application/x-ole-storage"
ZIP = "application/zip"

_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"{\\rtf", "application/rtf"),
)
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_MEMBERS = {"word/document.xml": DOCX, "ppt/presentation.xml": PPTX, "xl/workbook.xml": XLSX}
_ZIP_TYPES = frozenset((DOCX, PPTX, XLSX, EPUB, ZIP))
_LONGEST_MIMETYPE = 100
_MOST_ENTRIES = 10_000

_BY_NAME = {
    "dockerfile": "text/x-dockerfile",
    "makefile": "text/x-makefile",
    "readme": "text/plain",
    "license": "text/plain",
    "changelog": "text/plain",
}
_EXTENSIONS = {
    "text/markdown": "md markdown mdown mkd",
    "text/plain": "txt text log rst",
    "text/html": "html htm xhtml",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv tab",
    "application/json": "json geojson",
    "application/x-ndjson": "jsonl ndjson",
    "application/x-ipynb+json": "ipynb",
    "message/rfc822": "eml",
    "application/pdf": "pdf",
    DOCX: "docx",
    PPTX: "pptx",
    XLSX: "xlsx xlsm",
    EPUB: "epub",
    "image/png": "png",
    "image/jpeg": "jpg jpeg",
    "image/tiff": "tif tiff",
    "text/x-python": "py pyi",
    "text/javascript": "js jsx mjs cjs",
    "text/typescript": "ts mts cts",
    "text/x-tsx": "tsx",
    "text/x-java": "java",
    "text/x-go": "go",
    "text/x-rust": "rs",
    "text/x-c": "c h",
    "text/x-c++": "cc cpp cxx hh hpp hxx",
    "text/x-csharp": "cs",
    "text/x-sh": "sh bash zsh",
    "text/x-sql": "sql",
    "text/x-kotlin": "kt kts",
    "text/x-scala": "scala",
    "text/x-swift": "swift",
    "text/x-ruby": "rb",
    "text/x-php": "php",
    "text/x-perl": "pl pm",
    "text/x-lua": "lua",
    "text/x-r": "r",
    "text/css": "css scss",
    "text/xml": "xml xsd",
    "application/yaml": "yaml yml",
    "application/toml": "toml",
    "text/x-ini": "ini cfg conf properties",
    "text/x-protobuf": "proto",
    "text/x-terraform": "tf",
    "application/graphql": "graphql gql",
}
_BY_EXTENSION = {extension: kind for kind, listed in _EXTENSIONS.items() for extension in listed.split()}
READABLE = frozenset((*_EXTENSIONS, *_BY_NAME.values(), "application/xhtml+xml"))
"""What ingestion has a parser for; anything else would be quarantined."""
_STANDARD = mimetypes.MimeTypes()


def media_type(name: str, data: bytes) -> str:
    """Return the media type of a file.

    The content wins where it has a signature, so that a PDF under another name is still read; a name that
    promises a format the bytes do not have is left to that format's parser to refuse.
    """
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    named = _by_name(name)
    if data.startswith(_ZIP_SIGNATURES):
        return _archive_type(data) or (named if named in _ZIP_TYPES else ZIP)
    return named


def _by_name(name: str) -> str:
    base = name.lower().rpartition("/")[2]
    known = _BY_NAME.get(base) or _BY_EXTENSION.get(base.rpartition(".")[2] if "." in base else "")
    return known or _STANDARD.guess_type(base)[0] or "application/octet-stream"


def _archive_type(data: bytes) -> str | None:
    """Tell what a zip archive holds by the names in it; None for a broken archive or one of no kind we know."""
    if data.count(b"PK\x01\x02") > _MOST_ENTRIES:
        return None  # reading such a directory takes seconds; the preflight refuses it by counting
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = set(archive.namelist())
            declared = next((info for info in archive.infolist()[:1] if info.filename == "mimetype"), None)
            if declared and declared.file_size <= _LONGEST_MIMETYPE:
                return archive.read(declared).decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError):
        return None
    return next((kind for member, kind in _ZIP_MEMBERS.items() if member in members), None)
