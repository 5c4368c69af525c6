"""Cut source code where its language does: by function and class, and by method where a class is too long.

The grammars are tree-sitter's; they also read code with errors in it, and what cannot be read at all is left
whole, to be cut between lines. Comments, attributes and decorators stay with the definition they stand before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, count
from typing import TYPE_CHECKING

from ingestion.chunking import syntax
from ingestion.chunking.limits import ChunkLimits
from ingestion.chunking.outline import Piece

if TYPE_CHECKING:
    from tree_sitter import Node


def define(document: str, pieces: Sequence[Piece], limits: ChunkLimits, language: str | None) -> list[Piece]:
    """Return the pieces, code in a language we have a grammar of cut into definitions.

    Each has its qualified name appended to the heading path; statements between them are pieces of one block.
    """
    if language not in syntax.GRAMMARS:
        return list(pieces)
    numbers = count(1 + max((piece.block for piece in pieces), default=0))
    defined: list[Piece] = []
    for piece in pieces:
        if piece.kind == "code":
            defined += _Listing(document[piece.start : piece.end], piece, limits, numbers).definitions(language)
        else:
            defined.append(piece)
    return defined


@dataclass(frozen=True)
class _Unit:
    """A definition, or a statement outside one, with what stands before it; places in the listing."""

    start: int
    node: Node | None = None
    label: str = ""
    end: int = 0


class _Listing:
    """One listing; tree-sitter counts its bytes, documents count characters."""

    def __init__(self, source: str, piece: Piece, limits: ChunkLimits, numbers: Iterator[int]) -> None:
        self.source, self.piece, self.limits, self.numbers = source, piece, limits, numbers
        self.data = source.encode()
        self.characters = list(accumulate(((byte & 0xC0) != 0x80 for byte in self.data), initial=0))

    def definitions(self, language: str) -> Iterator[Piece]:
        """Yield its definitions and the statements between them; the whole piece when it cannot be read."""
        root = syntax.parser(language).parse(self.data).root_node
        if root.type == "ERROR" or not root.named_children:
            return iter([self.piece])
        return self._members(root, 0, len(self.source), self.piece.heading_path)

    def _members(self, scope: Node, start: int, end: int, path: tuple[str, ...]) -> Iterator[Piece]:
        units = self._units(scope, start, end)
        counts = self.limits.count_tokens([self.source[unit.start : unit.end] for unit in units])
        run = next(self.numbers)  # statements in a row are one block
        for unit, tokens in zip(units, counts, strict=True):
            node = syntax.unwrapped(unit.node) if unit.node else None
            name = (*path, unit.label) if unit.label else path
            body = syntax.body(node) if node else None
            if node and body and (syntax.is_scope(node) or tokens > self.limits.room):
                yield from self._members(body, unit.start, unit.end, name)
                run = next(self.numbers)
            elif unit.label:
                yield self._piece(unit, name, next(self.numbers))
                run = next(self.numbers)
            else:
                yield self._piece(unit, path, run)

    def _piece(self, unit: _Unit, path: tuple[str, ...], block: int) -> Piece:
        start, end = self.piece.start + unit.start, self.piece.start + unit.end
        return replace(self.piece, start=start, end=end, heading_path=path, block=block)

    def _units(self, scope: Node, start: int, end: int) -> list[_Unit]:
        """Return what a scope holds; every unit reaches to the start of the next, so that nothing is left out."""
        units = [unit for unit in self._begun(scope) if unit.start >= start]
        if not units or self.source[start : units[0].start].strip():
            units.insert(0, _Unit(start))
        units[0] = replace(units[0], start=start)
        ends = [*(unit.start for unit in units[1:]), end]
        return [replace(unit, end=ending) for unit, ending in zip(units, ends, strict=True)]

    def _begun(self, scope: Node) -> Iterator[_Unit]:
        """Yield where units begin: comments belong to what follows them without a blank line between."""
        leading: Node | None = None
        name = scope.child_by_field_name("name")
        row = 0
        for child in scope.named_children:
            if child == name:
                continue
            if leading and child.start_point[0] > row + 1:
                yield _Unit(self._line_start(leading))
                leading = None
            leading = leading or child
            row = child.end_point[0] - (child.end_point[1] == 0)
            if not syntax.is_leading(child):
                yield _Unit(self._line_start(leading), child, syntax.label(child, self.data))
                leading = None
        if leading:
            yield _Unit(self._line_start(leading))

    def _line_start(self, node: Node) -> int:
        """Return where a node starts, with the indentation before it."""
        start = self.characters[node.start_byte]
        line = self.source.rfind("\n", 0, start) + 1
        return start if self.source[line:start].strip() else line
