"""A web site as a source."""

from __future__ import annotations

import pytest

from ingestion.connectors import file_name
from ingestion.connectors.http import HttpConnector, document_name
from ingestion.errors import SourceRefused, SourceUnavailable
from tests.web_site import Site


def connect(site: Site, path: str = "/sitemap.xml", *hosts: str) -> HttpConnector:
    return HttpConnector(site.url(path), hosts, [site.host], 100_000)


def states(connector: HttpConnector) -> dict[str, str | None]:
    return {file_name(entry.uri): entry.etag for entry in connector.list()}


def test_lists_pages_by_their_headers_and_downloads_none(site: Site) -> None:
    site.set_sitemap("/etag", "/dated", "/neither", "/etag#again")
    site.set("/etag", "a", ETag='"1"')
    site.set("/dated", "bb", Last_Modified="Sun, 01 Nov 2026 00:00:00 GMT")
    site.set("/neither", "c")
    assert states(connect(site)) == {
        "etag": 'etag:"1"', "dated": "modified:Sun, 01 Nov 2026 00:00:00 GMT;2", "neither": None,
    }  # fmt: skip
    assert not any(method == "GET" and path in ("/etag", "/dated", "/neither") for method, path in site.visits)


def test_a_lastmod_saves_the_question(site: Site) -> None:
    site.set_sitemap(("/a", "2026-01-05T10:00:00Z"))
    assert states(connect(site)) == {"a": "lastmod:2026-01-05T10:00:00Z"}
    assert site.visits == [("GET", "/sitemap.xml")]


def test_reads_an_index_whose_parts_name_a_page_twice(site: Site) -> None:
    parts = "".join(f"<sitemap><loc>{site.url(path)}</loc></sitemap>" for path in ("/1.xml", "/2.xml", "/index.xml"))
    site.set("/index.xml", f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{parts}</sitemapindex>')
    site.set_sitemap("/a", "/b", path="/1.xml")
    site.set_sitemap("/b", "/c", path="/2.xml")
    for path in "abc":
        site.set(f"/{path}", path)
    assert set(states(connect(site, "/index.xml"))) == {"a", "b", "c"}
    site.set("/2.xml", status=500)
    with pytest.raises(SourceUnavailable, match=r"2\.xml"):
        connect(site, "/index.xml").list()


def test_gone_is_not_listed_but_trouble_is(site: Site) -> None:
    site.set("/pages.txt", "\n".join(site.url(f"/{name}") for name in ("here", "gone", "missing", "down", "nohead")))
    site.set("/here", "x", ETag='"1"')
    site.set("/gone", status=410)
    site.set("/down", status=503)
    site.set("/nohead", "x")
    site.before = lambda method, path: site.set("/nohead", "x", 404 if method == "HEAD" else 200)
    assert states(connect(site, "/pages.txt")) == {"here": 'etag:"1"', "down": None, "nohead": None}
    with pytest.raises(SourceUnavailable, match="503"):
        connect(site, "/pages.txt").read(site.url("/down"))


@pytest.mark.parametrize(("status", "kind"), [(500, SourceUnavailable), (404, SourceRefused), (403, SourceRefused)])
def test_a_missing_sitemap_is_unavailable(site: Site, status: int, kind: type[Exception]) -> None:
    site.set("/sitemap.xml", status=status)
    with pytest.raises(kind, match=f"answered {status}"):
        connect(site).list()


def test_a_dead_site_ends_the_listing(site: Site) -> None:
    dead = [f"http://127.0.0.1:9/{number}" for number in range(40)]
    site.set("/pages.txt", "\n".join(dead))
    with pytest.raises(SourceUnavailable, match="is the site down"):
        HttpConnector(site.url("/pages.txt"), ["127.0.0.1:9"], [site.host, "127.0.0.1:9"], 1000).list()


def test_foreign_and_impossible_addresses_fail_alone_and_say_why(site: Site) -> None:
    site.set(
        "/sitemap.xml", "<urlset><url><loc>http://other.example/a</loc></url><url><loc>ftp://x/b</loc></url></urlset>"
    )
    connector = connect(site)
    foreign, impossible = connector.list()
    assert (foreign.etag, impossible.etag) == (None, None)
    with pytest.raises(SourceRefused, match="--allow-host"):
        connector.read(foreign.uri)
    with pytest.raises(SourceRefused, match="no http"):
        connector.read(impossible.uri)


def test_robots_are_obeyed(site: Site) -> None:
    site.set("/robots.txt", "User-agent: *\nDisallow: /private\n")
    site.set_sitemap("/private/a", "/open")
    site.set("/private/a", "secret")
    site.set("/open", "open")
    connector = connect(site)
    assert set(states(connector)) == {"a", "open"}
    assert connector.read(site.url("/open")).data == b"open"
    with pytest.raises(SourceRefused, match=r"robots\.txt forbids"):
        connector.read(site.url("/private/a"))
    assert not [visit for visit in site.visits if visit[1] == "/private/a"]
    assert site.got("/robots.txt") == 1


def test_rules_that_cannot_be_read_are_a_no_for_now(site: Site) -> None:
    site.set("/robots.txt", status=503)
    site.set("/a", "a")
    with pytest.raises(SourceUnavailable, match="503"):
        connect(site).read(site.url("/a"))
    assert site.got("/a") == 0


@pytest.mark.parametrize(
    ("path", "declared", "body", "media_type"),
    [
        ("/guide", "text/html; charset=utf-8", b"<p>x", "text/html"),
        ("/Node.js", "text/html", b"<p>x", "text/html"),
        ("/x", "application/xhtml+xml", b"<p>x", "text/html"),
        ("/a.md", "text/plain", b"# x", "text/markdown"),
        ("/notes", "text/plain", b"x", "text/plain"),
        ("/file", "application/octet-stream", b"%PDF-1.7", "application/pdf"),
        ("/a.md?raw=1", "", b"# x", "text/markdown"),
        ("/%EB%AC%B8%EC%84%9C.docx", "application/octet-stream", b"PK",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)  # fmt: skip
def test_the_server_says_what_a_page_is_unless_it_is_vague(
    site: Site, path: str, declared: str, body: bytes, media_type: str
) -> None:
    site.set(path, body, Content_Type=declared)
    fetched = connect(site).read(site.url(path))
    assert (fetched.data, fetched.media_type) == (body, media_type)


def test_a_single_page_is_a_source(site: Site) -> None:
    site.set("/guide", "<p>hello", ETag='"g"')
    assert states(connect(site, "/guide")) == {"guide": 'etag:"g"'}


def test_a_password_never_becomes_part_of_a_name() -> None:
    assert document_name("https://me:secret@a.example/x#y") == "https://a.example/x"
    assert document_name("https://a.example/@me?x=b@c") == "https://a.example/@me?x=b@c"
    with pytest.raises(SourceRefused):
        HttpConnector("https://me:secret@a.example/", [], [], 10)
