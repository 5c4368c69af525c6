"""Cut what is longer than a passage may be: text between sentences, tables between rows, code between lines.

What is still too long is cut between words, and at last inside them. The parts are as small as these units, so
that the boundaries between passages are chosen among them, and find back after an edit, as between paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ingestion.chunking.limits import ChunkLimits
from ingestion.chunking.outline import Piece

Span = tuple[int, int]
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"\s*\S+\s*")
_WRAP = re.compile(r"\n(?!\s*(?:[-*•·]|\d+[.)])\s)")


def fit(document: str, pieces: Sequence[Piece], limits: ChunkLimits) -> list[Piece]:
    """Return the pieces with their token counts, those that are too long cut into parts."""
    fitted: list[Piece] = []
    counts = limits.count_tokens([document[piece.start : piece.end] for piece in pieces])
    for piece, count in zip(pieces, counts, strict=True):
        if count <= limits.room:
            fitted.append(replace(piece, token_count=max(count, 1)))
        elif piece.kind == "table":
            fitted += _rows(document, piece, limits)
        else:
            units = _sentences(limits) if piece.kind == "text" else _lines
            fitted += _divide(document, piece, limits, limits.room, (units, words))
    return fitted


def words(text: str) -> list[Span]:
    """Return the words of a text, each with the blanks after it."""
    return [match.span() for match in _WORD.finditer(text)]


def sentences(text: str, limits: ChunkLimits) -> list[Span]:
    """Return the sentences of a text, each with the blanks after it; a line break inside a sentence ends none."""
    starts, position = [], 0
    unwrapped = _WRAP.sub(" ", text)
    for sentence in limits.split_sentences(unwrapped):
        start = unwrapped.find(sentence, position)
        if start >= 0:
            starts.append(start)
            position = start + len(sentence)
    starts = [0, *starts[1:]]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _sentences(limits: ChunkLimits) -> Callable[[str], list[Span]]:
    return lambda text: sentences(text, limits)


def _lines(text: str) -> list[Span]:
    return [match.span() for match in _LINE.finditer(text)]


def _rows(document: str, table: Piece, limits: ChunkLimits) -> Iterator[Piece]:
    """Cut a table between rows; all but the first are told its header line, unless that takes half the room."""
    header = document[table.start : table.end].partition("\n")[0]
    [tokens] = limits.count_tokens([header])
    if tokens > limits.room // 2:
        yield from _divide(document, table, limits, limits.room, (_lines, words))
        return
    first, *others = _divide(document, table, limits, limits.room - tokens, (_lines, words))
    second, *others = others
    yield replace(first, end=second.end, token_count=first.token_count + second.token_count)
    for piece in others:
        yield replace(piece, header=header, header_tokens=tokens)


def _divide(
    document: str, piece: Piece, limits: ChunkLimits, room: int, levels: Sequence[Callable[[str], list[Span]]]
) -> Iterator[Piece]:
    """Yield the units of a piece on the coarsest level on which each fits; together they cover the piece."""
    text = document[piece.start : piece.end]
    spans = levels[0](text) if levels else _halves(text)
    counts = limits.count_tokens([text[start:end] for start, end in spans])
    for (start, end), count in zip(spans, counts, strict=True):
        part = replace(piece, start=piece.start + start, end=piece.start + end, token_count=max(count, 1))
        if count <= room or end - start < 2:
            yield part
        else:
            yield from _divide(document, part, limits, room, levels[1:])


def _halves(text: str) -> list[Span]:
    middle = len(text) // 2
    return [(0, middle), (middle, len(text))]
