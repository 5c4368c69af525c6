"""Look through a zip archive without unpacking it to anywhere: sizes, ratios, overlaps, names, encryption.

One pass inflates every entry in small pieces that are thrown away, because a bomb lies in the sizes it states.
It costs about as long as reading the archive once more.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion.errors import Unparseable
from ingestion.parsing.preflight_limits import PreflightLimits
from ingestion.parsing.preflight_signatures import ZIP
from ingestion.parsing.preflight_xml import DECLARATION_BYTES, check_entities, declares_entities

_CENTRAL_HEADER = b"PK\x01\x02"
_LOCAL_HEADER_BYTES = 30
_NAME_LENGTHS = slice(26, 30)
_PIECE_BYTES = 2**18
_ENCRYPTED = 0x1


@dataclass
class Budget:
    """What may still be unpacked of a file and of the archives inside it."""

    limits: PreflightLimits
    bytes_left: int

    def spend(self, count: int) -> None:
        """Take note of unpacked bytes."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise Unparseable("bomb", f"the archive unpacks to more than {self.limits.total_bytes:,} bytes")


def check_zip(data: bytes, limits: PreflightLimits) -> None:
    """Refuse an archive that is broken, encrypted, or unpacks to more than the limits.

    Raises:
        Unparseable: `bomb`, `corrupt`, `encrypted`, `unsafe` or `unsupported`.
    """
    _check(data, Budget(limits, limits.total_bytes), depth=0)


def _check(data: bytes, budget: Budget, depth: int) -> None:
    limits = budget.limits
    if depth > limits.nesting:
        raise Unparseable("bomb", f"archives are nested more than {limits.nesting} deep")
    if data.count(_CENTRAL_HEADER) > limits.entries:  # before a directory of millions is read
        raise Unparseable("bomb", f"the archive has more than {limits.entries:,} entries")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries, directory = archive.infolist(), archive.start_dir
    except MemoryError:
        raise
    except Exception as error:  # zipfile lets through whatever a broken directory leads to
        raise Unparseable("corrupt", f"the archive's directory cannot be read: {error}") from error
    for entry in entries:
        _check_header(entry)
    if sum(entry.file_size for entry in entries) > budget.bytes_left:
        raise Unparseable("bomb", f"the archive says it unpacks to more than {limits.total_bytes:,} bytes")
    for entry, packed in _packed(data, entries, directory):
        _check_content(entry, packed, budget, depth)


def _check_header(entry: zipfile.ZipInfo) -> None:
    """Refuse an entry by what the directory says of it."""
    name = entry.orig_filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":" or "\x00" in name:
        raise Unparseable("unsafe", f"the archive names a file outside itself: {entry.orig_filename[:100]!r}")
    if entry.flag_bits & _ENCRYPTED:
        raise Unparseable("encrypted", f"{name[:100]!r} in the archive is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unparseable("unsupported", f"{name[:100]!r} in the archive is compressed in a way documents are not")


def _packed(
    data: bytes, entries: Sequence[zipfile.ZipInfo], directory: int
) -> Iterator[tuple[zipfile.ZipInfo, memoryview]]:
    """Yield each entry with its packed bytes; bytes that two entries share are a bomb's trick."""
    view, free = memoryview(data), 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        header = bytes(view[max(entry.header_offset, 0) :][:_LOCAL_HEADER_BYTES])
        if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(ZIP):
            raise Unparseable("corrupt", f"{entry.filename[:100]!r} is not where the archive's directory says")
        start = entry.header_offset + _LOCAL_HEADER_BYTES + sum(struct.unpack("<HH", header[_NAME_LENGTHS]))
        end = start + entry.compress_size
        if end > directory:
            raise Unparseable("corrupt", f"{entry.filename[:100]!r} is cut off")
        if entry.header_offset < free:
            raise Unparseable("bomb", f"{entry.filename[:100]!r} shares its bytes with another entry")
        free = end
        yield entry, view[start:end]


def _check_content(entry: zipfile.ZipInfo, packed: memoryview, budget: Budget, depth: int) -> None:
    """Inflate one entry in pieces and look at what comes out; unpack it whole only where it needs a second look."""
    size, declares, before, first = 0, False, b"", b""
    for piece in _inflate(entry, packed):
        size += len(piece)
        budget.spend(len(piece))
        _check_size(entry, size, budget.limits)
        declares = declares or declares_entities(before + piece)
        before, first = piece[-DECLARATION_BYTES:], first or piece[: len(ZIP)]
    if size < entry.file_size:
        raise Unparseable("corrupt", f"{entry.filename[:100]!r} in the archive is shorter than it should be")
    if declares:
        check_entities(b"".join(_inflate(entry, packed)), budget.limits.entity_bytes)
    if first == ZIP:
        _check(b"".join(_inflate(entry, packed)), budget, depth + 1)


def _check_size(entry: zipfile.ZipInfo, size: int, limits: PreflightLimits) -> None:
    """Refuse an entry once it unpacks to more than allowed, or than it says."""
    name = f"{entry.filename[:100]!r} in the archive"
    if size > limits.entry_bytes:
        raise Unparseable("bomb", f"{name} unpacks to more than {limits.entry_bytes:,} bytes")
    if size > limits.ratio_from_bytes and size > limits.ratio * entry.compress_size:
        raise Unparseable("bomb", f"{name} unpacks to more than {limits.ratio} times its size")
    if size > entry.file_size:
        raise Unparseable("bomb", f"{name} unpacks to more than the {entry.file_size:,} bytes it states")


def _inflate(entry: zipfile.ZipInfo, packed: memoryview) -> Iterator[bytes]:
    """Yield an entry's bytes in pieces of bounded size."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for start in range(0, len(packed), _PIECE_BYTES):
        rest = bytes(packed[start : start + _PIECE_BYTES])
        if entry.compress_type == zipfile.ZIP_STORED:
            yield rest
            continue
        try:
            while piece := inflater.decompress(rest, _PIECE_BYTES):
                yield piece
                rest = inflater.unconsumed_tail
        except zlib.error as error:
            raise Unparseable("corrupt", f"{entry.filename[:100]!r} in the archive is damaged: {error}") from error
