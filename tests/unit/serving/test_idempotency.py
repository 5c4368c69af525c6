"""By what a request is recognised again."""

from __future__ import annotations

import pytest

from serving.errors import IdempotencyKeyReused
from serving.idempotency import write

MULTIPART = 'multipart/form-data; boundary="{0}"'


def test_the_whole_request_counts() -> None:
    same = write("k", "POST", "/a?b=1", b"x").hash
    assert same == write("k", "POST", "/a?b=1", b"x").hash
    for other in (("PUT", "/a?b=1", b"x"), ("POST", "/a", b"x"), ("POST", "/a?b=1", b"y")):
        assert write("k", *other).hash != same


def test_the_boundary_of_a_multipart_body_does_not_count() -> None:
    one, other = (
        write("k", "POST", "/a", f"--{name}\r\n\r\nfile\r\n--{name}--".encode(), MULTIPART.format(name)).hash
        for name in ("abc", "0123")
    )
    assert one == other
    assert one != write("k", "POST", "/a", b"--abc\r\n\r\nother\r\n--abc--", MULTIPART.format("abc")).hash


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_a_key_is_a_short_line(key: str) -> None:
    with pytest.raises(IdempotencyKeyReused):
        write(key, "POST", "/", b"")
