"""What a hostile file is, and the pieces several of them are made of."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace

MIB = 2**20


@dataclass(frozen=True)
class HostileFile:
    """One file of the collection.

    Attributes:
        reasons: The kinds of `Unparseable` that are right for it; `parsed` where reading it is right too. Files that
            are only too much work may end at any limit, depending on the machine.
    """

    name: str
    data: bytes
    reasons: frozenset[str]


def hostile(name: str, data: bytes, *reasons: str) -> HostileFile:
    """Make one."""
    return HostileFile(name, data, frozenset(reasons))


@dataclass(frozen=True)
class Entry:
    """An entry of a hand-made zip archive, whose headers say what they are told to say."""

    name: str
    packed: bytes
    size: int
    method: int = 8
    flags: int = 0

    @property
    def fields(self) -> bytes:
        """What the local header and the directory both hold."""
        crc, name = 0, self.name.encode()
        stated = (20, self.flags, self.method, 0, 0, crc, len(self.packed), self.size & 0xFFFFFFFF, len(name), 0)
        return struct.pack("<HHHHHIIIHH", *stated)


def raw_zip(entries: list[Entry], copies: int = 1) -> bytes:
    """Write an archive; with `copies`, that many directory entries share the bytes of each entry."""
    body, directory = bytearray(), bytearray()
    for entry in entries:
        for copy in range(copies):
            name = entry.name if copies == 1 else f"{copy:06}{entry.name}"
            listed = replace(entry, name=name)
            rest = struct.pack("<HHHII", 0, 0, 0, 0, len(body))
            directory += b"PK\x01\x02" + struct.pack("<H", 20) + listed.fields + rest + name.encode()
        body += b"PK\x03\x04" + entry.fields + entry.name.encode() + entry.packed
    count = min(len(entries) * copies, 0xFFFF)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory) + b"PK\x05\x06" + end


def deflated(mebibytes: int, pattern: bytes = b" ") -> bytes:
    """Return a raw deflate stream that inflates to so much of a repeated pattern, without deflating it all."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = compressor.compress((pattern * (MIB // len(pattern) + 1))[:MIB]) + compressor.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes + b"\x03\x00"


def zlib_stream(mebibytes: int, pattern: bytes = b" ") -> bytes:
    """Return the same with zlib's header, as PDF and PNG want it."""
    return b"\x78\xda" + deflated(mebibytes, pattern) + bytes(4)
