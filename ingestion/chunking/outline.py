"""The outline of a document: its paragraphs, tables and listings, each with its place and the headings above it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion.chunking.identity import SEPARATOR, normalise
from ingestion.items import ChunkKind, Element


@dataclass(frozen=True)
class Piece:
    """A stretch of the document's text that is not cut any further, or not yet.

    Attributes:
        start: First character in the document's text; `end` is one past the last.
        origin: Where the element it belongs to starts.
        section: Number of the section; every heading begins one.
        block: Number of the table, listing or definition it belongs to; 0 for prose.
        header: The table's header line, to be repeated when a passage begins with this piece; of so many
            `header_tokens`.
    """

    start: int
    end: int
    origin: int
    kind: ChunkKind
    heading_path: tuple[str, ...]
    page: int | None
    section: int
    block: int = 0
    header: str = ""
    header_tokens: int = 0
    token_count: int = 0


def outline(elements: Sequence[Element]) -> Iterator[Piece]:
    """Yield the pieces of a document in order; a heading that nothing follows is a piece itself."""
    path: list[tuple[int, str]] = []
    bare: tuple[str, Piece] | None = None
    start = section = 0
    for number, element in enumerate(elements, 1):
        text = normalise(element.text)
        if not text:
            continue
        end = start + len(text)
        if element.kind == "heading":
            section += 1
            path = [(level, heading) for level, heading in path if level < element.level]
            headings = tuple(heading for _, heading in path)
            if bare and bare[0] not in headings:
                yield bare[1]
            bare = text, Piece(start, end, start, "text", headings, element.page, section)
            path.append((element.level, text))
        else:
            bare = None
            block = 0 if element.kind == "text" else number
            headings = tuple(heading for _, heading in path)
            yield Piece(start, end, start, element.kind, headings, element.page, section, block)
        start = end + len(SEPARATOR)
    if bare:
        yield bare[1]
