"""Sitemaps, lists and single pages."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.connectors.http_listing import Pages, lastmod_hint, read_listing
from ingestion.errors import SourceRefused, SourceUnavailable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <url><loc> https://a.example/한글 </loc><lastmod>2026-11-01</lastmod></url>
  <url><loc>https://a.example/b</loc></url>
  <url><priority>0.5</priority></url>
</urlset>"""
PAGES = Pages(pages=(("https://a.example/한글", "2026-11-01"), ("https://a.example/b", None)))


def read(data: str | bytes, url: str = "https://a.example/sitemap.xml", media_type: str = "") -> Pages:
    return read_listing(url, data.encode() if isinstance(data, str) else data, media_type, 100_000)


def test_reads_a_sitemap_plain_and_packed() -> None:
    assert read(SITEMAP) == PAGES
    assert read(gzip.compress(SITEMAP.encode()), "https://a.example/sitemap.xml.gz") == PAGES
    assert read(SITEMAP, "https://a.example/feed?kind=map", "text/html") == PAGES


def test_reads_an_index_of_sitemaps() -> None:
    index = SITEMAP.replace("urlset", "sitemapindex").replace("<url>", "<sitemap>").replace("</url>", "</sitemap>")
    assert read(index) == Pages(sitemaps=("https://a.example/한글", "https://a.example/b"))


def test_reads_a_list_of_addresses() -> None:
    listing = "\ufeff# our pages\r\nhttps://a.example/1\r\n\r\n  https://b.example/2  \n"
    assert read(listing, "https://a.example/pages.txt") == Pages(
        pages=(("https://a.example/1", None), ("https://b.example/2", None))
    )


def test_anything_else_is_itself_the_page() -> None:
    page = Pages(pages=(("https://a.example/guide", None),))
    assert read("<!doctype html><p>hello", "https://a.example/guide", "text/html") == page
    assert read(b"%PDF-1.7 ...", "https://a.example/guide", "application/pdf") == page


@pytest.mark.parametrize(
    ("data", "url"),
    [
        ("<html>maintenance</html>", "https://a.example/sitemap.xml"),
        ("", "https://a.example/sitemap.xml"),
        (SITEMAP[:-20], "https://a.example/sitemap.xml"),
        ("see our pages", "https://a.example/pages.txt"),
        (b"\xff\xfe\x00", "https://a.example/pages.txt"),
        (gzip.compress(SITEMAP.encode())[:-4], "https://a.example/sitemap.xml.gz"),
    ],
)
def test_a_broken_listing_is_never_an_empty_one(data: str | bytes, url: str) -> None:
    with pytest.raises(SourceUnavailable):
        read(data, url)


def test_a_sitemap_can_neither_grow_nor_reach_out() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE urlset [<!ENTITY e0 "x">{entities}]>' + SITEMAP.partition("?>")[2].replace("한글", "&e11;")
    file = '<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + SITEMAP.partition("?>")[2].replace(
        "한글", "&f;"
    )
    for data in (bomb, file):
        try:
            pages = read(data).pages
        except SourceUnavailable:
            continue
        assert all(len(page) < 100 for page, _ in pages)
        assert "https://a.example/" in pages[0][0]
        assert pages[0][0].removeprefix("https://a.example/") == ""
    with pytest.raises(SourceRefused):
        read(gzip.compress(SITEMAP.encode() + b" " * 200_000))


@pytest.mark.parametrize(
    ("lastmod", "hint"),
    [
        (None, None),
        ("yesterday", None),
        ("2026-11-20T11:59:00+09:00", "lastmod:2026-11-20T11:59:00+09:00"),
        ("2026-11-01", "lastmod:2026-11-01"),
        ("2026-11-20", None),
        ("2026-11-19", None),
    ],
)
def test_a_mere_date_counts_only_when_its_day_is_over(lastmod: str | None, hint: str | None) -> None:
    assert lastmod_hint(lastmod, NOW) == hint


def test_a_date_counts_in_time() -> None:
    assert lastmod_hint("2026-11-20", NOW + timedelta(days=2)) == "lastmod:2026-11-20"
