"""Text of unknown encoding: UTF-8 first, then what Korean files of the last thirty years use."""

from __future__ import annotations

import codecs
import re
import unicodedata

from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HANGUL = re.compile("[\uac00-\ud7a3\u3131-\u318e]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_LATIN = ("cp1250", "cp1252", "cp1254", "cp1257", "latin_1", "iso8859_2", "iso8859_4", "iso8859_9", "iso8859_15")
_STRANGE_SHARE = 0.02
_SAMPLE = 100_000


def parse_text(data: bytes) -> Parsed:
    """Parse plain text: paragraphs are separated by blank lines; it has no headings to trust."""
    blocks = re.split(r"\n[ \t\f\v]*\n", re.sub(r"\r\n?", "\n", decode(data)))
    texts = ("\n".join(line.rstrip() for line in block.split("\n")).strip("\n") for block in blocks)
    return Parsed(tuple(Element("text", text) for text in texts if text.strip()))


def decode(data: bytes) -> str:
    """Return the text of a file.

    Raises:
        Unparseable: The bytes are no text in any encoding we know.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _legible(_decode(data, encoding))
    if b"\x00" in data:
        raise Unparseable("binary", "the file is named as text but holds binary data")
    for encoding in ("utf-8", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _looks_korean(text):
            return _legible(text)
    return _legible(_guess(data))


def decode_as(data: bytes, encoding: str | None) -> str:
    """Return text in the encoding its envelope names; when that is missing, unknown or wrong, as `decode` does."""
    korean = (encoding or "").lower().replace("_", "-") in ("euc-kr", "ks-c-5601-1987", "ksc5601", "ks-c-5601")
    try:
        return data.decode("cp949" if korean else encoding or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return decode(data)


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unparseable("encoding", f"the file says it is {encoding} but is not: {error}") from error


def _looks_korean(text: str) -> bool:
    """Tell Korean from another language whose bytes happen to be valid CP949: half of it must be Hangul."""
    foreign = len(_BEYOND_ASCII.findall(text))
    return 2 * len(_HANGUL.findall(text)) >= foreign


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        raise Unparseable("encoding", "the text's encoding was not recognised; save it as UTF-8")
    if best.encoding in _LATIN:  # the guess among these is a toss-up, and one of them is by far the most used
        return data.decode("cp1252", "replace")
    return str(best)


def _legible(text: str) -> str:
    """Refuse what decodes but is no text: control characters and code points that stand for nothing."""
    sample = text[:_SAMPLE]
    strange = sum(unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") for char in sample if not char.isspace())
    if strange > _STRANGE_SHARE * len(sample):
        raise Unparseable("binary", f"{strange} of its first {len(sample)} characters are no text")
    return text
