"""Unpacking within limits."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.connectors.http_body import unzipped
from ingestion.errors import SourceRefused


@given(st.binary(max_size=3000), st.integers(1, 500), st.integers(0, 3000))
def test_unzipped_gives_what_was_packed_or_refuses(data: bytes, size: int, limit: int) -> None:
    packed = gzip.compress(data)
    parts = [packed[start : start + size] for start in range(0, len(packed), size)]
    if len(data) <= limit:
        assert unzipped(parts, limit) == data
    else:
        with pytest.raises(SourceRefused):
            unzipped(parts, limit)


def test_unzipped_never_holds_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self, **given: int) -> None:
            self.inner = real(**given)
            self.eof = False

        def decompress(self, part: bytes, limit: int) -> bytes:
            data = self.inner.decompress(part, limit)
            held.append(len(data))
            return data

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    with pytest.raises(SourceRefused):
        unzipped([gzip.compress(b"\0" * 10_000_000)], 1000)
    assert held == [1001]
