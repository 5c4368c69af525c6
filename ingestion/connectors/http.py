"""Web pages, named by a sitemap, by a list of addresses, or singly."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx

from corpus.media_types import media_type
from ingestion.connectors.http_address import Resolve, resolve_host
from ingestion.connectors.http_fetch import GuardedClient, Response, normalised
from ingestion.connectors.http_listing import Pages, lastmod_hint, read_listing
from ingestion.connectors.http_robots import Robots
from ingestion.connectors.protocol import Fetched, Listed, file_name
from ingestion.errors import SourceRefused, SourceUnavailable

MAX_PAGES = 50_000
MAX_SITEMAPS = 500
_MAX_LISTING_BYTES = 50 * 2**20
_MAX_SILENCES = 25
_GONE = (404, 410)
_USER = re.compile(r"://[^/?#@]*@")
_UNKNOWN = "application/octet-stream"
_VAGUE = ("", _UNKNOWN, "binary/octet-stream", "text/plain")
"""What servers say of files they know nothing about, Markdown among them."""


class HttpConnector:
    """One site.

    Args:
        uri: A sitemap, an index of sitemaps (also gzipped), a text file with one address per line, or one page.
        allowed_hosts: Hosts pages may lie on besides the host of `uri`.
        private_hosts: Hosts that may have private addresses.
    """

    removals_are_explicit = False

    def __init__(
        self, uri: str, allowed_hosts: Collection[str], private_hosts: Collection[str], max_bytes: int,
        resolve: Resolve = resolve_host,
    ) -> None:  # fmt: skip
        self.uri = normalised(uri)
        own = httpx.URL(self.uri).netloc.decode()
        self.client = GuardedClient({own, *allowed_hosts}, private_hosts, max_bytes, resolve)
        self.robots = Robots(self.client)
        self._silences = 0

    def read(self, uri: str) -> Fetched:
        """Return one page."""
        self.robots.check(uri)
        response = self.client.get(uri)
        if response.status != 200:
            raise SourceUnavailable(f"the server answered {response.status}")
        return Fetched(response.data, page_type(uri, response))

    def list(self) -> Sequence[Listed]:
        """Return every page that is not gone; one whose state cannot be learnt is listed with an unknown state."""
        now = datetime.now(UTC)
        hints = {page: lastmod_hint(lastmod, now) for page, lastmod in self._pages().items()}
        with ThreadPoolExecutor(4) as pool:
            entries = pool.map(self._entry, hints.keys(), hints.values())
            return tuple(entry for entry in entries if entry)

    def _pages(self) -> dict[str, str | None]:
        """Return normalised addresses with their `lastmod`; what is named twice is one document."""
        queue, pages, seen = [self.uri], dict[str, str | None](), {self.uri}
        while queue:
            found = self._listing(queue.pop(0))
            pages.update((document_name(page), lastmod) for page, lastmod in found.pages)
            further = set(map(normalised, found.sitemaps)) - seen
            queue += sorted(further)
            seen |= further
            if len(pages) > MAX_PAGES or len(seen) > MAX_SITEMAPS:
                raise SourceRefused(
                    f"{self.uri} names more than {MAX_PAGES} pages or {MAX_SITEMAPS} sitemaps; split the source."
                )
        return pages

    def _listing(self, url: str) -> Pages:
        try:
            response = self.client.get(url, _MAX_LISTING_BYTES)
        except SourceUnavailable as error:
            raise type(error)(f"Cannot list {url}: {error}.") from error
        if response.status != 200:
            kind = SourceRefused if response.status in (401, 403, *_GONE) else SourceUnavailable
            raise kind(f"Cannot list {url}: the server answered {response.status}.")
        return read_listing(url, response.data, declared_type(response), _MAX_LISTING_BYTES)

    def _entry(self, page: str, hint: str | None) -> Listed | None:
        """Ask a page for its state, unless a hint tells it; None if it is gone.

        Gone is what a GET says is gone: some servers know no HEAD. Trouble of any other kind is no removal;
        reading the page will say what it is.
        """
        if hint is not None:
            return Listed(page, hint, None, None)
        if self._silences >= _MAX_SILENCES:
            raise SourceUnavailable(f"{_MAX_SILENCES} pages of {self.uri} in a row gave no answer; is the site down?")
        try:
            self.robots.check(page)
            response = self.client.head(page)
            if response.status in _GONE and self.client.probe(page).status in _GONE:
                return None
        except SourceRefused:
            return Listed(page, None, None, None)
        except SourceUnavailable:
            self._silences += 1
            return Listed(page, None, None, None)
        self._silences = 0
        return Listed(page, state(response), None, None)


def document_name(address: str) -> str:
    """Return what a listed address is called as a document; one that cannot be fetched keeps its name.

    A password in it is dropped before it reaches any table: the page is asked for without.
    """
    address = _USER.sub("://", address, count=1)
    try:
        return normalised(address)
    except SourceRefused:
        return address


def state(response: Response) -> str | None:
    """Return what tells one state of a page from another by its headers, if they do."""
    headers = response.headers
    if response.status != 200:
        return None
    if "etag" in headers:
        return f"etag:{headers['etag']}"
    if "last-modified" in headers:
        return f"modified:{headers['last-modified']};{headers.get('content-length', '')}"
    return None


def declared_type(response: Response) -> str:
    """Return the media type a server declares, without parameters."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def page_type(uri: str, response: Response) -> str:
    """Return the media type of a page: what the server says, unless that is vague or the bytes know better."""
    declared, guessed = declared_type(response), media_type(file_name(uri), response.data)
    if guessed == "application/pdf":
        return guessed
    if declared in _VAGUE:
        return (declared or _UNKNOWN) if guessed == _UNKNOWN else guessed
    return "text/html" if declared == "application/xhtml+xml" else declared
