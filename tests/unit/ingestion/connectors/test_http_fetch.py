"""Fetching: hosts, addresses, redirects, size, time."""

from __future__ import annotations

import gzip
import socket
import threading
import time

import pytest

from ingestion.connectors.http_address import resolve_host
from ingestion.connectors.http_fetch import GuardedClient, normalised
from ingestion.errors import SourceRefused, SourceUnavailable
from tests.web_site import Site


def client(site: Site, *hosts: str, private: bool = True, **given: object) -> GuardedClient:
    allowed = {site.host, *hosts}
    return GuardedClient(allowed, allowed if private else (), max_bytes=100_000, **given)  # type: ignore[arg-type]


def test_returns_status_headers_and_body(site: Site) -> None:
    site.set("/a", "안녕", ETag='"1"')
    response = client(site).get(site.url("/a"))
    assert (response.status, response.headers["etag"], response.data.decode()) == (200, '"1"', "안녕")
    assert client(site).get(site.url("/missing")).status == 404
    assert client(site).head(site.url("/a")).data == b""


def test_this_machine_is_refused_unless_it_is_named(site: Site) -> None:
    with pytest.raises(SourceRefused, match=r"leads to 127\.0\.0\.1.*REGESTA_HTTP_PRIVATE_HOSTS"):
        client(site, private=False).get(site.url("/"))
    assert site.visits == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "127.1"])
def test_spellings_of_this_machine_do_not_pass(site: Site, host: str) -> None:
    port = site.host.partition(":")[2]
    guarded = GuardedClient({f"{host}:{port}"}, (), 1000)
    with pytest.raises(SourceUnavailable):
        guarded.get(f"http://{host}:{port}/")
    assert site.visits == []


def test_a_name_that_leads_into_a_private_network_is_refused(site: Site) -> None:
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34", "10.0.0.7"]

    with pytest.raises(SourceRefused, match=r"docs.example leads to 10\.0\.0\.7"):
        client(site, "docs.example", private=False, resolve=resolve).get("http://docs.example/")
    assert asked == ["docs.example"]


def test_what_was_checked_is_what_is_connected_to(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its address between check and connection gains nothing: it is resolved once."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    connected = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    guarded = client(site, "docs.example", private=False, resolve=lambda host, port: next(answers))
    with pytest.raises(SourceUnavailable):
        guarded.get("http://docs.example/")
    assert connected == [("93.184.216.34", 80)]
    with pytest.raises(SourceRefused):
        guarded.get("http://docs.example/")


def test_the_name_stays_in_the_host_header(site: Site) -> None:
    port = int(site.host.partition(":")[2])
    name = f"docs.example:{port}"
    site.set("/a", "by name")
    guarded = GuardedClient({name}, {name}, 1000, resolve=lambda *_: ["127.0.0.1"])
    assert guarded.get(f"http://{name}/a").data == b"by name"


def test_an_unknown_host_is_unavailable(site: Site) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(SourceUnavailable, match="cannot be resolved"):
        client(site, resolve=resolve).get(site.url("/"))


def test_redirects_are_followed_and_each_is_checked(site: Site) -> None:
    site.set("/a", status=302, Location="/b")
    site.set("/b", "there")
    assert client(site).get(site.url("/a")).data == b"there"
    site.set("/b", status=301, Location="http://elsewhere.example/")
    with pytest.raises(SourceRefused, match=r"elsewhere.example is not allowed; add it with --allow-host"):
        client(site).get(site.url("/a"))
    for location in ("file:///etc/passwd", "gopher://127.0.0.1/", "http://user:secret@127.0.0.1/"):
        site.set("/b", status=301, Location=location)
        with pytest.raises(SourceRefused) as caught:
            client(site).get(site.url("/a"))
        assert "secret" not in str(caught.value)


def test_a_redirect_into_this_machine_is_refused(site: Site) -> None:
    """The first host may be private; the one it redirects to may be visited, but only at public addresses."""
    port = site.host.partition(":")[2]
    inner = f"localhost:{port}"
    site.set("/a", status=302, Location=f"http://{inner}/secret")
    site.set("/secret", "secret")
    guarded = GuardedClient({site.host, inner}, {site.host}, 1000)
    with pytest.raises(SourceRefused, match="localhost leads to"):
        guarded.get(site.url("/a"))
    assert site.got("/secret") == 0


def test_redirects_in_a_circle_end(site: Site) -> None:
    site.set("/a", status=302, Location="/a")
    with pytest.raises(SourceRefused, match="more than 5 times"):
        client(site).get(site.url("/a"))
    assert len(site.visits) == 6


def test_bodies_are_limited_as_they_arrive_and_after_unpacking(site: Site) -> None:
    site.set("/big", b"x" * 100_001)
    site.set("/bomb", gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip")
    site.set("/zipped", gzip.compress("본문".encode()), Content_Encoding="gzip")
    for path in ("/big", "/bomb"):
        with pytest.raises(SourceRefused, match="100000 bytes"):
            client(site).get(site.url(path))
    assert client(site).get(site.url("/zipped")).data.decode() == "본문"


def test_broken_cut_off_or_unknown_encodings_are_errors(site: Site) -> None:
    site.set("/broken", b"no gzip", Content_Encoding="gzip")
    site.set("/cut", gzip.compress(b"x" * 1000)[:-9], Content_Encoding="gzip")
    site.set("/strange", b"?", Content_Encoding="br")
    for path in ("/broken", "/cut", "/strange"):
        with pytest.raises(SourceUnavailable):
            client(site).get(site.url(path))


def test_a_server_that_drips_is_given_up_in_time() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{listener.getsockname()[1]}"

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
                    connection.send(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                pass

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    started = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"took too long|ReadTimeout"):
        GuardedClient({host}, {host}, 1000, total_seconds=0.5).get(f"http://{host}/")
    assert time.monotonic() - started < 3
    listener.close()
    thread.join(5)


def test_no_proxy_of_the_environment_gets_between(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    site.set("/a", "direct")
    assert client(site).get(site.url("/a")).data == b"direct"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("HTTP://Example.com:80/a#part", "http://example.com/a"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com/문서?q=가", "https://example.com/%EB%AC%B8%EC%84%9C?q=%EA%B0%80"),
        ("https://예시.한국/a", "https://xn--vv4b11d.xn--3e0b707e/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
    ],
)
def test_normalised_names_a_page_one_way(url: str, name: str) -> None:
    assert normalised(url) == name == normalised(name)


@pytest.mark.parametrize("url", ["ftp://a/", "//a/", "http://", "http://u:p@a/", "http://a:x/", "javascript:alert(1)"])
def test_normalised_refuses_what_is_no_page(url: str) -> None:
    with pytest.raises(SourceRefused):
        normalised(url)


def test_resolve_host_gives_numeric_addresses() -> None:
    assert "127.0.0.1" in resolve_host("127.0.0.1", 80)
