"""Look at a file before any parser does, and refuse what would hurt one: bombs, encrypted files, foreign formats.

Every check reads the bytes themselves in bounded time and memory; sizes that a file states about itself are
compared with what is really there. Formats whose parsers cannot be looked after this way (PDF) are left to the
limits of the sandbox.
"""

from __future__ import annotations

from typing import NoReturn

from ingestion.errors import Unparseable
from ingestion.parsing.preflight_image import check_image
from ingestion.parsing.preflight_limits import PreflightLimits
from ingestion.parsing.preflight_signatures import EMPTY_ZIP, OLE, ZIP, archive_format, binary_format
from ingestion.parsing.preflight_xml import check_entities
from ingestion.parsing.preflight_zip import check_zip

__all__ = ["PreflightLimits", "check"]

_ZIP_FAMILY = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
_ZIP_TYPES = ("application/epub+zip", "application/hwp+zip")
_TEXT_TYPES = ("application/json", "application/x-ndjson", "application/xhtml+xml", "application/xml", "message/rfc822")
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream that holds an Office document under a password."""


def check(data: bytes, media_type: str, limits: PreflightLimits | None = None) -> None:
    """Refuse a file that should not reach a parser; pass silently over types that need no look.

    Raises:
        Unparseable: `empty`, `corrupt`, `encrypted`, `unsupported`, `binary`, `bomb` or `unsafe`.
    """
    limits = limits or PreflightLimits()
    if not data:
        raise Unparseable("empty", "the file has no bytes")
    if data.startswith(OLE):
        _refuse_ole(data)
    if media_type.startswith(_ZIP_FAMILY) or media_type in _ZIP_TYPES:
        _check_package(data, limits)
    elif media_type.startswith("text/") or media_type.endswith("+xml") or media_type in _TEXT_TYPES:
        _check_text(data, media_type, limits)
    elif media_type.startswith("image/"):
        check_image(data, limits.pixels)
    elif name := archive_format(data):
        raise Unparseable("unsupported", f"the file is a {name} archive; unpack it and add the documents inside")


def _refuse_ole(data: bytes) -> NoReturn:
    """Refuse a compound file: what Office wrote before 2007, and what it wraps around an encrypted document."""
    if _ENCRYPTED_PACKAGE in data:
        raise Unparseable("encrypted", "the document needs a password; save it without one")
    raise Unparseable("unsupported", "the file is in an Office format from before 2007; save it in a current one")


def _check_package(data: bytes, limits: PreflightLimits) -> None:
    """Check a document that is a zip archive of parts."""
    if data.startswith(EMPTY_ZIP):
        raise Unparseable("empty", "the file is an archive without entries")
    if not data.startswith(ZIP):
        raise Unparseable("corrupt", "by its name the file is a zip archive of parts, but it does not begin as one")
    check_zip(data, limits)


def _check_text(data: bytes, media_type: str, limits: PreflightLimits) -> None:
    """Check that a file with a text's name is no other format, and XML that it does not explode."""
    if name := archive_format(data):
        raise Unparseable("unsupported", f"the file is named as text but is a {name} archive")
    if name := binary_format(data):
        raise Unparseable("binary", f"the file is named as text but is {name}")
    if media_type.endswith("xml"):
        check_entities(data, limits.entity_bytes)
