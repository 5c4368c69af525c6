"""Bodies of web answers and packed files, never larger in memory than allowed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable

import httpcore

from ingestion.errors import SourceRefused, SourceUnavailable


def decoded(response: httpcore.Response, limit: int) -> bytes:
    """Return a body, unpacked if it is gzip; what it grows to is counted while it grows."""
    encodings = [value.strip().lower() for name, value in response.headers if name.lower() == b"content-encoding"]
    if encodings in ([], [b""], [b"identity"]):
        return _joined(response.iter_stream(), limit)
    if encodings in ([b"gzip"], [b"x-gzip"]):
        return unzipped(response.iter_stream(), limit)
    raise SourceRefused(f"it is encoded as {b', '.join(encodings).decode('latin-1')}, which nobody asked for")


def unzipped(parts: Iterable[bytes], limit: int) -> bytes:
    """Unpack a gzip stream without ever holding more than `limit` bytes of it."""
    unpacker = zlib.decompressobj(wbits=31)

    def unpack(part: bytes, held: int) -> bytes:
        return unpacker.decompress(part, limit - held + 1)

    try:
        data = _joined(parts, limit, unpack)
    except zlib.error as error:
        raise SourceUnavailable(f"its gzip data is broken: {error}") from error
    if not unpacker.eof:
        raise SourceUnavailable("its gzip data ends too early")
    return data


def _joined(parts: Iterable[bytes], limit: int, unpack: Callable[[bytes, int], bytes] = lambda part, _: part) -> bytes:
    data = bytearray()
    for part in parts:
        data += unpack(part, len(data))
        if len(data) > limit:
            raise SourceRefused(f"it is larger than {limit} bytes")
    return bytes(data)
