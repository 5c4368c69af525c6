"""The one way web pages are fetched: allowed hosts, checked addresses, limits on time, size and redirects."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import BoundedSemaphore
from time import monotonic
from urllib.parse import urljoin

import httpcore
import httpx

from ingestion.connectors.http_address import DEADLINE, GuardedBackend, Resolve, matches, resolve_host
from ingestion.connectors.http_body import decoded
from ingestion.errors import SourceRefused, SourceUnavailable

USER_AGENT = "Regesta/0.1 (fills a knowledge base; obeys robots.txt)"
MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_CONNECTIONS = 4
"""At a time: a crawler is a guest."""
_WAITS = {"connect": 5.0, "read": 20.0, "write": 20.0, "pool": 5.0}
_TOTAL_SECONDS = 120.0


@dataclass(frozen=True)
class Response:
    """An answer that is no redirect; header names are in lower case.

    Attributes:
        data: The decoded body; empty of a HEAD request or where the body was not asked for.
    """

    status: int
    headers: dict[str, str]
    data: bytes


def normalised(url: str) -> str:
    """Return a web address as documents are named by: no fragment, no default port, percent signs in order.

    Raises:
        SourceRefused: It is no http(s) address, or it carries a user name or password.
    """
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceRefused(f"{url!r} is no web address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SourceRefused(f"{url!r} is no http or https address")
    if parsed.userinfo:
        raise SourceRefused(f"the address of {parsed.host} carries a user name or password, which would be stored")
    port = None if parsed.port == port_of(parsed.copy_with(port=None)) else parsed.port
    return str(parsed.copy_with(fragment=None, port=port, raw_path=parsed.raw_path))


def port_of(url: httpx.URL) -> int:
    """Return the port an address leads to."""
    return url.port or (443 if url.scheme == "https" else 80)


class GuardedClient:
    """Fetches pages of the allowed hosts. Safe to use from several threads.

    Args:
        allowed_hosts: `host`, or `host:port` for another port than 80 and 443; redirects are held to it, too.
        private_hosts: Those of them that may have a private address.
        max_bytes: Limit of a body after decompression.
    """

    def __init__(
        self, allowed_hosts: Collection[str], private_hosts: Collection[str], max_bytes: int,
        resolve: Resolve = resolve_host, total_seconds: float = _TOTAL_SECONDS,
    ) -> None:  # fmt: skip
        self.allowed_hosts = allowed_hosts
        self.max_bytes = max_bytes
        self.total_seconds = total_seconds
        self._slots = BoundedSemaphore(_CONNECTIONS)  # waiting for one is not the other side's delay
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            network_backend=GuardedBackend(private_hosts, resolve),
        )

    def get(self, url: str, max_bytes: int | None = None) -> Response:
        """Return what an address answers, whatever its status.

        Raises:
            SourceRefused: Host, address, size or encoding is out of bounds; trying again changes nothing.
            SourceUnavailable: No answer, or none in time.
        """
        limit = max_bytes or self.max_bytes
        return self._follow("GET", url, lambda response: decoded(response, limit))

    def head(self, url: str) -> Response:
        """Return status and headers of an address without downloading it."""
        return self._follow("HEAD", url, lambda _: b"")

    def probe(self, url: str) -> Response:
        """Return status and headers as a reader would get them; the body is left unread."""
        return self._follow("GET", url, lambda _: b"")

    def _follow(self, method: str, url: str, read: Callable[[httpcore.Response], bytes]) -> Response:
        with self._slots:
            DEADLINE.set(monotonic() + self.total_seconds)
            for _ in range(MAX_REDIRECTS + 1):
                response = self._exchange(method, normalised(url), read)
                if response.status not in _REDIRECTS or "location" not in response.headers:
                    return response
                url = urljoin(url, response.headers["location"])
        raise SourceRefused(f"it is redirected more than {MAX_REDIRECTS} times")

    def _exchange(self, method: str, url: str, read: Callable[[httpcore.Response], bytes]) -> Response:
        parsed = httpx.URL(url)
        host, port = parsed.raw_host.decode("ascii"), port_of(parsed)
        if not matches(host, port, self.allowed_hosts):
            raise SourceRefused(f"the host {parsed.netloc.decode()} is not allowed; add it with --allow-host")
        target = httpcore.URL(
            scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path
        )  # fmt: skip
        headers: dict[bytes | str, bytes | str] = {
            "Host": parsed.netloc.decode(),
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
        }
        try:
            with self._pool.stream(method, target, headers=headers, extensions={"timeout": _WAITS}) as response:
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return Response(response.status, found, read(response) if response.status == 200 else b"")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise SourceUnavailable(f"{host} gave no answer: {type(error).__name__} {error}".strip()) from error
