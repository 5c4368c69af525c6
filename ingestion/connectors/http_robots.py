"""What the owners of web pages let robots read (RFC 9309)."""

from __future__ import annotations

from threading import Lock
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from ingestion.connectors.http_fetch import USER_AGENT, GuardedClient
from ingestion.errors import SourceRefused, SourceUnavailable

_MAX_BYTES = 500 * 2**10
_MAX_REASON = 200


class Robots:
    """The rules of every host asked about so far; each is fetched once."""

    def __init__(self, client: GuardedClient) -> None:
        self.client = client
        self._rules: dict[str, RobotFileParser | SourceUnavailable] = {}
        self._lock = Lock()

    def check(self, url: str) -> None:
        """Return if a page may be read.

        Raises:
            SourceRefused: The owner does not want it.
            SourceUnavailable: The rules cannot be read now, which counts as a no for the time being.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._rules:
                self._rules[origin] = self._fetch(origin)
            rules = self._rules[origin]
        if isinstance(rules, SourceUnavailable):
            # A fresh one each time: threads must not share a traceback.
            raise type(rules)(f"{origin}/robots.txt cannot be read: {str(rules)[:_MAX_REASON]}")
        if not rules.can_fetch(USER_AGENT, url):
            raise SourceRefused(f"{origin}/robots.txt forbids it")

    def _fetch(self, origin: str) -> RobotFileParser | SourceUnavailable:
        rules = RobotFileParser()
        try:
            response = self.client.get(f"{origin}/robots.txt", _MAX_BYTES)
        except SourceUnavailable as error:
            return error
        if response.status >= 500 or response.status == 429:
            return SourceUnavailable(f"it answers {response.status}")
        # No rules (any other status) are no restrictions.
        text = response.data.decode("utf-8", "replace") if response.status == 200 else ""
        rules.parse(text.splitlines())
        return rules
