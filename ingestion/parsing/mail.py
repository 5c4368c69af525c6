"""E-mail: subject, who and when, the plain text or else the HTML, and the attachments we can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import EmailMessage, Message
from email.utils import getaddresses

from corpus.media_types import media_type
from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed
from ingestion.parsing import about, html, markup
from ingestion.parsing.text import decode, decode_as, parse_text

_SHOWN = ("From", "To", "Cc", "Date")
MAIL = "message/rfc822"


def parse_mail(data: bytes) -> Parsed:
    """Parse a message; attachments become sections, but not the attachments of attached messages."""
    return _parse(data, with_attachments=True)


def _parse(data: bytes, with_attachments: bool) -> Parsed:
    message = message_from_bytes(data, policy=policy.default)
    if not any(message.get(name) for name in ("From", "Subject", "Date", "To")):
        raise Unparseable("corrupt", "it has none of the headers every e-mail has")
    subject = _header(message, "Subject")
    elements = [Element("heading", subject, level=1)] if subject else []
    if shown := [f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))]:
        elements.append(Element("text", "\n".join(shown)))
    elements += _body(message)
    elements += _attachments(message, with_attachments)
    found = about.metadata(
        author=_author(message),
        published_at=about.iso_date(_header(message, "Date")),
        tags=about.tags(_header(message, "Keywords")),
    )
    return Parsed(tuple(elements), title=subject, metadata=found)


def _header(message: EmailMessage, name: str) -> str | None:
    """Return a header's text, also where an old program wrote its bytes without naming their encoding."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), None)
    if raw is None:
        return None
    raw = str(raw)
    if any("\udc80" <= char <= "\udcff" for char in raw):
        return about.text_of(decode(raw.encode("ascii", "surrogateescape")))
    parts = decode_header(re.sub(r"\r?\n(?=[ \t])", "", raw))
    texts = (part if isinstance(part, str) else decode_as(part, charset) for part, charset in parts)
    return about.text_of("".join(texts))


def _author(message: EmailMessage) -> str | None:
    return about.names(name or address for name, address in getaddresses([_header(message, "From") or ""]))


def _body(message: EmailMessage) -> tuple[Element, ...]:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ()
    text = decode_as(_content(part), part.get_content_charset())
    if part.get_content_subtype() == "plain" and text.strip():
        return parse_text(text.encode(errors="replace")).elements
    part = message.get_body(("html",))
    if part is None:
        return ()
    page = html.parse_page(decode_as(_content(part), part.get_content_charset()) or "<p></p>")
    return markup.elements(page)


def _content(part: Message[str, str]) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _attachments(message: EmailMessage, with_content: bool) -> Iterator[Element]:
    """Yield a section per attachment; one that cannot be read is named with the reason."""
    for number, part in enumerate(message.iter_attachments(), 1):
        name = about.text_of(part.get_filename()) or f"attachment {number}"
        try:
            content = _attached_elements(part, name) if with_content else ()
            note = f"Attachment: {name}"
        except Unparseable as refusal:
            content, note = (), f"Attachment: {name} (not read: {refusal.kind})"
        yield Element("heading", name, level=2)
        yield Element("text", note)
        yield from (replace(one, level=min(one.level + 2, 6)) if one.level else one for one in content)


def _attached_elements(part: EmailMessage, name: str) -> tuple[Element, ...]:
    from ingestion.parsing import parse

    if part.get_content_type() == MAIL:
        return _parse(part.get_content().as_bytes(), with_attachments=False).elements
    content = _content(part)
    kind = media_type(name, content)
    if kind == MAIL:
        return _parse(content, with_attachments=False).elements
    return parse(content, kind).elements
