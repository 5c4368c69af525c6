"""The profiles: which neighbouring pieces make a passage. No passage crosses a heading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any, Literal, get_args

from ingestion.chunking.boundaries import boundary_key, cut_points, split_at_minima
from ingestion.chunking.fitting import words
from ingestion.chunking.limits import ChunkLimits
from ingestion.chunking.outline import Piece

Profile = Literal["structure", "heading", "fixed", "semantic"]
Passage = Sequence[Piece]
Pack = Callable[[str, Sequence[Piece], ChunkLimits], Iterator[Passage]]


def packing(profile: Profile) -> Pack:
    """Return the function that packs pieces as a profile wants.

    Raises:
        ValueError: There is no such profile.
    """
    profiles: dict[str, Pack] = {"structure": structure, "heading": heading, "fixed": fixed, "semantic": semantic}
    if profile not in profiles:
        raise ValueError(f"There is no chunking profile {profile!r}; there are {', '.join(get_args(Profile))}.")
    return profiles[profile]


def structure(document: str, pieces: Sequence[Piece], limits: ChunkLimits) -> Iterator[Passage]:
    """Paragraphs of a section in passages of one to three windows; tables, listings, definitions by themselves.

    Of the latter only those that are too long are in pieces, and these make passages of a quarter at least.
    """
    for (_, block, _), group in groupby(pieces, key=lambda piece: (piece.section, piece.block, piece.heading_path)):
        members = list(group)
        window = max(limits.window_tokens, limits.room // 4) if block else limits.window_tokens
        yield from _at_minima(members, boundary_keys(document, members), limits, window)


def heading(document: str, pieces: Sequence[Piece], limits: ChunkLimits) -> Iterator[Passage]:
    """Everything below one heading in one passage, cut only where it is too long."""
    for section in _sections(pieces):
        yield from _fitting(section, boundary_keys(document, section), limits)


def fixed(document: str, pieces: Sequence[Piece], limits: ChunkLimits) -> Iterator[Passage]:
    """As many words as fit, whatever they belong to: an edit shifts every later boundary of its section."""
    for section in _sections(pieces):
        passage: list[Piece] = []
        total = 0
        for word in _words(document, section, limits):
            if passage and total + word.token_count > limits.room:
                yield passage
                passage, total = [], word.header_tokens
            passage.append(word)
            total += word.token_count
        yield passage


def semantic(document: str, pieces: Sequence[Piece], limits: ChunkLimits) -> Iterator[Passage]:
    """Paragraphs of a section, cut where two neighbours are less alike than any others within the window.

    Its price: every paragraph of an edited document is embedded for this alone.

    Raises:
        ValueError: The limits name no `embed`.
    """
    if limits.embed is None:
        raise ValueError("The chunking profile 'semantic' compares paragraphs by their vectors: it needs `embed`.")
    vectors = limits.embed([document[piece.start : piece.end].strip() for piece in pieces]) if pieces else []
    # Rounded, so that the noise of another machine's arithmetic does not move a boundary.
    alike = [round(float(one @ other), 3) for one, other in pairwise(vectors)]
    position = 0
    for section in _sections(pieces):
        end = position + len(section)
        yield from _at_minima(section, [*alike[position : end - 1], 2.0], limits, limits.window_tokens)
        position = end


def boundary_keys(document: str, pieces: Sequence[Piece]) -> list[bytes]:
    """Return the key of the boundary after every piece."""
    return [boundary_key(document, piece.origin, piece.end) for piece in pieces]


def _sections(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield what stands together below one heading, or in one definition."""
    for _, group in groupby(pieces, key=lambda piece: (piece.section, piece.heading_path)):
        yield list(group)


def _at_minima(pieces: Sequence[Piece], keys: Sequence[Any], limits: ChunkLimits, window: int) -> Iterator[Passage]:
    counts = [piece.token_count for piece in pieces]
    bounds = [0, *cut_points(keys, counts, window), len(pieces)]
    for start, end in pairwise(bounds):
        yield from _fitting(pieces[start:end], keys[start:end], limits)


def _fitting(pieces: Sequence[Piece], keys: Sequence[Any], limits: ChunkLimits) -> Iterator[Passage]:
    def fits(start: int, end: int) -> bool:
        tokens = sum(piece.token_count for piece in pieces[start:end])
        return pieces[start].header_tokens + tokens <= limits.room

    for start, end in pairwise([0, *split_at_minima(keys, fits), len(pieces)]):
        yield pieces[start:end]


def _words(document: str, pieces: Sequence[Piece], limits: ChunkLimits) -> list[Piece]:
    parts = [
        replace(piece, start=piece.start + start, end=piece.start + end)
        for piece in pieces
        for start, end in words(document[piece.start : piece.end])
    ]
    counts = limits.count_tokens([document[part.start : part.end] for part in parts])
    return [replace(part, token_count=max(count, 1)) for part, count in zip(parts, counts, strict=True)]
