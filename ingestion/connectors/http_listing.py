"""Read what names the pages of a web source: a sitemap, an index of sitemaps, a list of addresses, or one page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingestion.connectors.http_body import unzipped
from ingestion.errors import SourceUnavailable

GZIP = b"\x1f\x8b"
_DATE = "2026-01-01"
_SETTLED_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Pages:
    """What one listing document names.

    Attributes:
        pages: Address and `lastmod` (None where not said) of every page.
        sitemaps: Further sitemaps to read.
    """

    pages: tuple[tuple[str, str | None], ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_listing(url: str, data: bytes, media_type: str, max_bytes: int) -> Pages:
    """Return the pages a document at `url` names; a document that names none by its format is itself the page.

    Raises:
        SourceUnavailable: It is meant to be a listing, but cannot be read as one.
    """
    if data.startswith(GZIP):
        data = unzipped([data], max_bytes)
    path = url.partition("?")[0].lower()
    if _root_name(data) in ("urlset", "sitemapindex"):
        return _sitemap(url, data)
    if path.endswith((".xml", ".xml.gz")):
        raise SourceUnavailable(f"{url} is no sitemap (sitemaps.org): its outermost element is neither of the two")
    if path.endswith((".txt", ".txt.gz")) or media_type == "text/plain":
        return _address_list(url, data)
    return Pages(pages=((url, None),))


def _root_name(data: bytes) -> str | None:
    """Return the local name of the outermost XML element, or None where there is none."""
    from lxml import etree

    parser = etree.XMLPullParser(events=("start",), **_SAFE)
    try:
        parser.feed(data[:65_536])
        for _, element in parser.read_events():
            return str(etree.QName(element).localname)
    except etree.XMLSyntaxError:
        pass
    return None


_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
"""Entities are not expanded and nothing is fetched, so a sitemap cannot grow or reach out."""


def _sitemap(url: str, data: bytes) -> Pages:
    from lxml import etree

    try:
        root = etree.fromstring(data, etree.XMLParser(**_SAFE))
    except etree.XMLSyntaxError as error:
        raise SourceUnavailable(f"The sitemap {url} is broken: {error}") from error
    found = []
    for entry in root.iterfind("{*}*"):
        address = (entry.findtext("{*}loc") or "").strip()
        if address:
            found.append((address, (entry.findtext("{*}lastmod") or "").strip() or None))
    if etree.QName(root).localname == "sitemapindex":
        return Pages(sitemaps=tuple(address for address, _ in found))
    return Pages(pages=tuple(found))


def _address_list(url: str, data: bytes) -> Pages:
    try:
        lines = [line.strip() for line in data.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise SourceUnavailable(f"The list {url} is no UTF-8 text: {error}") from error
    addresses = [line for line in lines if line and not line.startswith("#")]
    wrong = next((line for line in addresses if not line.startswith(("http://", "https://"))), None)
    if wrong is not None:
        raise SourceUnavailable(f"The list {url} must have one web address per line, but has {wrong[:80]!r}")
    return Pages(pages=tuple((address, None) for address in addresses))


def lastmod_hint(lastmod: str | None, now: datetime) -> str | None:
    """Return what a `lastmod` says about the state of a page, or None where it says too little.

    A mere date is worth nothing until the day is over everywhere: the page may change again on it.
    """
    if lastmod is None:
        return None
    try:
        day = datetime.fromisoformat(lastmod)
    except ValueError:
        return None
    is_date = len(lastmod) <= len(_DATE)
    if is_date and now - day.replace(tzinfo=now.tzinfo) < _SETTLED_AFTER:
        return None
    return f"lastmod:{lastmod}"
