"""How much a file may unpack to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PreflightLimits:
    """Bounds no honest document comes near.

    Attributes:
        entries: Files in an archive.
        entry_bytes: One of them unpacked.
        total_bytes: All of them unpacked, with the archives inside.
        ratio: Unpacked to packed size of one of them, where it unpacks to more than `ratio_from_bytes`; deflate
            reaches 1,032 on a run of one byte, text about 4, sheets of repeated numbers up to about 100.
        nesting: Archives in archives in …; an embedded sheet in a presentation is one.
        pixels: Of one image.
        entity_bytes: What all XML entities of one part expand to, if each is used once.
    """

    entries: int = 10_000
    entry_bytes: int = 256 * 2**20
    total_bytes: int = 512 * 2**20
    ratio: int = 250
    ratio_from_bytes: int = 4 * 2**20
    nesting: int = 2
    pixels: int = 100_000_000
    entity_bytes: int = 1_000_000
