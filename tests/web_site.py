"""A real web site on this machine whose pages a test sets and whose visitors it sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """Pages by path; `visits` are (method, path) in order."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.visits: list[tuple[str, str]] = []
        self.before: Callable[[str, str], None] = lambda method, path: None

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def set(self, path: str, body: str | bytes = b"", status: int = 200, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, {"Content-Type": "text/html; charset=utf-8", **named}, data)

    def set_sitemap(self, *entries: str | tuple[str, str], path: str = "/sitemap.xml") -> None:
        urls = ""
        for entry in entries:
            page, lastmod = (entry, None) if isinstance(entry, str) else entry
            changed = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
            urls += f"<url><loc>{self.url(page)}</loc>{changed}</url>"
        head = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        self.set(path, f"{head}{urls}</urlset>", Content_Type="application/xml")

    def got(self, path: str) -> int:
        """Return how often a page was downloaded."""
        return self.visits.count(("GET", path))


@contextmanager
def serve_site() -> Iterator[Site]:
    """Serve a site on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def _answer(self) -> None:
            site.visits.append((self.command, self.path))
            site.before(self.command, self.path)
            status, headers, body = site.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: visitors may leave when they please."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
