"""EPUB: the chapters in reading order, each through the same walk as a web page."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from ingestion.errors import Unparseable
from ingestion.items import Parsed
from ingestion.parsing import about, html, markup
from ingestion.parsing.text import decode

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_CHAPTERS = ("application/xhtml+xml", "text/html")


def parse_epub(data: bytes) -> Parsed:
    """Parse a book; title, authors, date and subjects come from its package document.

    Raises:
        Unparseable: It is protected, or no chapter can be found.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Unparseable("corrupt", f"the file is no whole EPUB: {error}") from error
    with archive:
        _refuse_protected(archive)
        path = _xml(archive, _CONTAINER).xpath("string(//*[local-name()='rootfile']/@full-path)")
        package = _xml(archive, path)
        elements = [element for chapter in _chapters(package, path) for element in _read(archive, chapter)]
    values = {name: _values(package, name) for name in ("title", "creator", "subject", "date")}
    modified = package.xpath("string(//*[local-name()='meta'][@property='dcterms:modified'])")
    found = about.metadata(
        author=about.names(values["creator"]),
        published_at=about.iso_date(next(iter(values["date"]), None)),
        modified_at=about.iso_date(modified),
        tags=about.tags(values["subject"]),
    )
    return Parsed(tuple(elements), title=next(iter(values["title"]), None), metadata=found)


def _refuse_protected(archive: zipfile.ZipFile) -> None:
    if _ENCRYPTION not in archive.namelist():
        return
    methods = _xml(archive, _ENCRYPTION).xpath("//*[local-name()='EncryptionMethod']/@Algorithm")
    if not all(method in _FONT_OBFUSCATION for method in methods):
        raise Unparseable("encrypted", "the book is protected by digital rights management")


def _xml(archive: zipfile.ZipFile, name: str) -> Any:
    """Return a member's tree; entities are not resolved, nothing is fetched."""
    from lxml import etree

    try:
        content = archive.read(name)
    except KeyError as error:
        raise Unparseable("corrupt", f"the EPUB lacks {name or 'its package document'}") from error
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))


def _chapters(package: Any, path: str) -> Iterator[str]:
    """Yield the archive's names of the chapters in the order of the spine; the table of contents is none."""
    manifest = {item.get("id"): item for item in package.xpath("//*[local-name()='manifest']/*[local-name()='item']")}
    for reference in package.xpath("//*[local-name()='spine']/*[local-name()='itemref']/@idref"):
        item = manifest.get(reference)
        if item is not None and item.get("media-type") in _CHAPTERS and "nav" not in item.get("properties", "").split():
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(item.get("href", ""))))


def _read(archive: zipfile.ZipFile, chapter: str) -> Any:
    try:
        content = archive.read(chapter)
    except KeyError as error:
        raise Unparseable("corrupt", f"the EPUB lacks its chapter {chapter}") from error
    return markup.elements(html.parse_page(decode(content))) if content.strip() else ()


def _values(package: Any, name: str) -> list[str]:
    nodes = package.xpath(f"//*[local-name()='metadata']/*[local-name()='{name}']")
    return [text for node in nodes if (text := about.text_of("".join(node.itertext())))]
