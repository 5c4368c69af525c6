"""Decode text of unknown encoding: UTF-8 first, then what Korean files of the last thirty years use."""

from __future__ import annotations

import codecs

from ingestion.errors import Unparseable

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> str:
    """Return the text of a file.

    Raises:
        Unparseable: The bytes are no text in any encoding we know.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode(data, encoding)
    if b"\x00" in data:
        raise Unparseable("binary", "the file is named as text but holds binary data")
    for encoding in ("utf-8", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        raise Unparseable("encoding", "the text's encoding was not recognised; save it as UTF-8")
    return str(best)


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unparseable("encoding", f"the file says it is {encoding} but is not: {error}") from error
