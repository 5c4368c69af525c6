"""Cut elements into passages whose boundaries find back to themselves after an edit.

Packing paragraphs greedily until a passage is full shifts every later boundary when one paragraph grows. Here
a boundary stands after a paragraph whose hash is the smallest within a window of tokens around it: local-minimum
chunking (Bjørner et al., "Content-dependent chunking for differential compression", 2010), with paragraphs for
bytes. An edit can move only the boundaries within its window, so it changes three passages at most, and there
is no least length that would carry a shift further. Headings always begin a new passage.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ingestion.items import Chunk, ChunkKind, Element

VERSION = "chunking-1"
_UNPRINTABLE = {code: None for code in (*range(9), 11, 12, *range(14, 32), 127)}

CountTokens = Callable[[Sequence[str]], list[int]]
SplitSentences = Callable[[str], list[str]]


@dataclass(frozen=True)
class ChunkLimits:
    """How passages are cut.

    Attributes:
        window_tokens: How far a boundary looks to both sides; passages are rarely shorter, and twice as long
            on average.
        max_tokens: The longest passage, headings not counted.
    """

    window_tokens: int
    max_tokens: int
    count_tokens: CountTokens
    split_sentences: SplitSentences


@dataclass(frozen=True)
class _Piece:
    """A paragraph, or a part of one that was too long, with its place in the document's text."""

    text: str
    kind: ChunkKind
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    token_count: int = 0


def chunk(elements: Sequence[Element], limits: ChunkLimits) -> list[Chunk]:
    """Cut a document into passages of at most `limits.max_tokens` tokens, headings not counted.

    Tables and code are passages of their own. A paragraph that is too long is cut between sentences, then
    between lines or words. The text of consecutive passages, joined, is the document's text.
    """
    pieces = list(_split_long(list(_pieces(elements)), limits))
    chunks = []
    for _, section in groupby(pieces, key=lambda piece: (piece.heading_path, piece.kind)):
        for passage in _pack(list(section), limits):
            chunks.append(_chunk(passage))
    return chunks


def normalised_text(elements: Sequence[Element]) -> str:
    """Return the document's text: the space in which `char_start` and `char_end` count."""
    return "\n\n".join(normalise(element.text) for element in elements)


def normalise(text: str) -> str:
    """Return text in NFC without control characters and trailing blanks: what an edit must change."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").translate(_UNPRINTABLE)
    lines = text.encode(errors="replace").decode().split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def chunk_hash(kind: str, heading_path: Sequence[str], text: str) -> str:
    """Return the identity of a passage: everything the embedder will see of it."""
    return hashlib.sha256("\x1f".join((kind, *heading_path, text)).encode()).hexdigest()


def _pieces(elements: Sequence[Element]) -> Iterator[_Piece]:
    path: list[tuple[int, str]] = []
    bare: _Piece | None = None  # a heading nothing has followed yet; alone, it is a passage itself
    start = 0
    for element in elements:
        text = normalise(element.text)
        if element.kind == "heading":
            path = [(level, heading) for level, heading in path if level < element.level]
            if bare and bare.text not in (heading for _, heading in path):
                yield bare
            bare = _Piece(text, "text", tuple(heading for _, heading in path), element.page, start)
            path.append((element.level, text))
        elif text.strip():
            bare = None
            headings = tuple(heading for _, heading in path)
            yield _Piece(text, element.kind, headings, element.page, start)
        start += len(text) + 2
    if bare:
        yield bare


def _split_long(pieces: Sequence[_Piece], limits: ChunkLimits) -> Iterator[_Piece]:
    counts = limits.count_tokens([piece.text for piece in pieces])
    for piece, count in zip(pieces, counts, strict=True):
        parts = [piece.text] if count <= limits.max_tokens else _fit(piece, limits)
        start = piece.start
        for part, tokens in zip(parts, limits.count_tokens(parts), strict=True):
            if part.strip():
                yield _Piece(part, piece.kind, piece.heading_path, piece.page, start, max(tokens, 1))
            start += len(part)


def _fit(piece: _Piece, limits: ChunkLimits) -> list[str]:
    """Cut a long paragraph at the coarsest boundaries that make every part fit; parts join to the whole."""
    if piece.kind == "text":
        units = _cover(piece.text, limits.split_sentences(piece.text))
    else:
        units = piece.text.splitlines(keepends=True)
    pieces = []
    for unit, count in zip(units, limits.count_tokens(units), strict=True):
        pieces += [unit] if count <= limits.max_tokens else _halve(unit, limits)
    return _merge(pieces, limits)


def _cover(text: str, sentences: Sequence[str]) -> list[str]:
    """Give every sentence the blanks that follow it, so that the parts join to the text."""
    parts, start = [], 0
    for following in [*sentences[1:], None]:
        end = len(text) if following is None else text.find(following, start + 1)
        if end > start:
            parts.append(text[start:end])
            start = end
    return parts


def _halve(text: str, limits: ChunkLimits) -> list[str]:
    if len(text) < 2 or limits.count_tokens([text])[0] <= limits.max_tokens:
        return [text]
    middle = len(text) // 2
    blank = text.rfind(" ", 1, middle) + 1
    cut = blank if blank > 1 else middle
    return _halve(text[:cut], limits) + _halve(text[cut:], limits)


def _merge(parts: Sequence[str], limits: ChunkLimits) -> list[str]:
    """Join neighbours greedily while they fit: inside one paragraph there is nothing to re-synchronise."""
    merged: list[str] = []
    total = 0
    for part, count in zip(parts, limits.count_tokens(parts), strict=True):
        if merged and total + count <= limits.max_tokens:
            merged[-1] += part
            total += count
        else:
            merged.append(part)
            total = count
    return merged


def _pack(section: Sequence[_Piece], limits: ChunkLimits) -> Iterator[Sequence[_Piece]]:
    if section[0].kind != "text":
        yield from ([piece] for piece in section)
        return
    hashes = [hashlib.sha256(piece.text.encode()).digest() for piece in section]
    counts = [piece.token_count for piece in section]
    bounds = [0, *cut_points(hashes, counts, limits.window_tokens), len(section)]
    for start, end in pairwise(bounds):
        yield from _split_passage(section[start:end], hashes[start:end], limits.max_tokens)


def cut_points(hashes: Sequence[bytes], counts: Sequence[int], window: int) -> list[int]:
    """Return the indices at which a new passage begins.

    A cut stands after element i when no element whose end lies within `window` tokens of i's has a smaller
    hash; among equal ones, after the first.
    """
    return [
        index + 1
        for index in range(len(hashes) - 1)
        if all(hashes[index] < other for other in _within(hashes, counts, index, window, -1))
        and all(hashes[index] <= other for other in _within(hashes, counts, index, window, 1))
    ]


def _within(hashes: Sequence[bytes], counts: Sequence[int], index: int, window: int, way: int) -> Iterator[bytes]:
    distance, other = 0, index + way
    while 0 <= other < len(hashes):
        distance += counts[max(other, other - way)]
        if distance > window:
            return
        yield hashes[other]
        other += way


def _split_passage(passage: Sequence[_Piece], hashes: Sequence[bytes], max_tokens: int) -> Iterator[Sequence[_Piece]]:
    """Cut a passage that is too long at its smallest hash, until every part fits."""
    if len(passage) == 1 or sum(piece.token_count for piece in passage) <= max_tokens:
        yield passage
        return
    cut = 1 + min(range(len(passage) - 1), key=lambda index: hashes[index])
    yield from _split_passage(passage[:cut], hashes[:cut], max_tokens)
    yield from _split_passage(passage[cut:], hashes[cut:], max_tokens)


def _chunk(passage: Sequence[_Piece]) -> Chunk:
    first, last = passage[0], passage[-1]
    text = "\n\n".join(piece.text.strip("\n") for piece in passage).strip()
    return Chunk(
        chunk_hash=chunk_hash(first.kind, first.heading_path, text),
        text=text,
        heading_path=first.heading_path,
        kind=first.kind,
        token_count=sum(piece.token_count for piece in passage),
        page=first.page,
        char_start=first.start,
        char_end=last.start + len(last.text),
    )
