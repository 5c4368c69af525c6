"""From packed pieces to chunks: their text, true length, place, and the overlap if one is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingestion.chunking.fitting import Span, sentences, words
from ingestion.chunking.identity import chunk_hash
from ingestion.chunking.limits import ChunkLimits
from ingestion.chunking.outline import Piece
from ingestion.items import Chunk, ChunkKind


@dataclass(frozen=True)
class _Passage:
    """A passage with its place; `pieces` are what it may still be cut into."""

    pieces: Sequence[Piece]
    start: int
    end: int
    text: str
    token_count: int = 0

    @property
    def kind(self) -> ChunkKind:
        """The kind of all its pieces, or text."""
        kinds = {piece.kind for piece in self.pieces}
        return kinds.pop() if len(kinds) == 1 else "text"

    @property
    def is_counted(self) -> bool:
        """Whether its one piece was counted as it stands, blanks around it apart, which are no tokens."""
        return len(self.pieces) == 1 and not self.pieces[0].header


def chunks(document: str, packed: Iterable[Sequence[Piece]], limits: ChunkLimits) -> Iterator[Chunk]:
    """Yield the chunk of every passage that is not blank, in order."""
    passages = [passage for pieces in packed if (passage := _passage(document, pieces)).text]
    passages = _counted(document, passages, limits)
    if limits.overlap_tokens:
        passages = list(_overlapping(document, passages, limits))
    for passage in passages:
        first = passage.pieces[0]
        yield Chunk(
            chunk_hash=chunk_hash(passage.kind, first.heading_path, passage.text),
            text=passage.text,
            heading_path=first.heading_path,
            kind=passage.kind,
            token_count=max(passage.token_count, 1),
            page=first.page,
            char_start=passage.start,
            char_end=passage.end,
        )


def _passage(document: str, pieces: Sequence[Piece]) -> _Passage:
    """Return the passage of some pieces; only a table's repeated header is not from between its ends."""
    start, end = pieces[0].start, pieces[-1].end
    text = document[start:end]
    end -= len(text) - len(text.rstrip())
    # A listing's first line keeps its indentation.
    start += len(text) - len(text.lstrip("\n" if pieces[0].kind == "code" else None))
    text = document[start:end]
    header = pieces[0].header
    return _Passage(pieces, start, end, f"{header}\n{text}" if header and text else text)


def _counted(document: str, passages: Sequence[_Passage], limits: ChunkLimits) -> list[_Passage]:
    """Count tokens of whole passages; one whose pieces need more together than apart is cut in the middle."""
    counted: list[_Passage] = []
    joined = iter(limits.count_tokens([each.text for each in passages if not each.is_counted]))
    for passage in passages:
        count = passage.pieces[0].token_count if passage.is_counted else next(joined)
        middle = len(passage.pieces) // 2
        if count <= limits.room or not middle:
            counted.append(replace(passage, token_count=count))
            continue
        halves = (_passage(document, part) for part in (passage.pieces[:middle], passage.pieces[middle:]))
        counted += _counted(document, [half for half in halves if half.text], limits)
    return counted


def _overlapping(document: str, passages: Sequence[_Passage], limits: ChunkLimits) -> Iterator[_Passage]:
    """Begin each passage of prose earlier, where the one before it in the same section is prose too."""
    yield from passages[:1]
    for before, passage in pairwise(passages):
        ours, theirs = passage.pieces[0], before.pieces[-1]
        same = (ours.section, ours.heading_path) == (theirs.section, theirs.heading_path)
        if same and before.kind == passage.kind == "text":
            start = _tail(document, before, limits)
            text = document[start : passage.end]
            [count] = limits.count_tokens([text])
            if count <= limits.max_tokens:
                passage = replace(passage, start=start, text=text, token_count=count)
        yield passage


def _tail(document: str, passage: _Passage, limits: ChunkLimits) -> int:
    """Return where its last sentences begin that fit the overlap: or its last words, where not one fits."""
    text = document[passage.start : passage.end]
    for units in (sentences(text, limits), words(text)):
        start = _last_fitting(text, units, limits)
        if start < len(text):
            return passage.start + start
    return passage.end


def _last_fitting(text: str, units: Sequence[Span], limits: ChunkLimits) -> int:
    counts = limits.count_tokens([text[start:end] for start, end in units])
    total, found = 0, len(text)
    for (start, _), count in zip(reversed(units), reversed(counts), strict=True):
        total += count
        if total > limits.overlap_tokens:
            break
        found = start
    return found
