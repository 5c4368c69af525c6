"""Walk a tree of HTML: every word of it ends up in exactly one element, in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingestion.items import Element
from ingestion.parsing.markup_tables import grid, is_layout
from ingestion.parsing.markup_text import BREAK, HEADINGS, INLINE, UNSEEN, is_block, node_text, squeeze
from ingestion.parsing.tables import table_element

_ITEMS = frozenset(("li", "dt", "dd"))


def elements(root: Any) -> tuple[Element, ...]:
    """Return the elements of an lxml tree; list items are one paragraph per list."""
    walk = _Walk()
    walk.visit(root)
    walk.end_list()
    return tuple(walk.found)


def parse_fragment(markup: str) -> Any:
    """Return the tree of HTML text, always below one element; lxml guesses no encoding here."""
    from lxml import html

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return html.document_fromstring(f"<html><body>{markup}</body></html>".encode(errors="replace"), parser=parser)


class _Walk:
    """The state of one walk: text that waits for its block to end, and the list it may belong to."""

    def __init__(self) -> None:
        self.found: list[Element] = []
        self._words: list[str] = []
        self._lines: list[str] = []
        self._depth = 0
        self._marker: str | None = None

    def visit(self, node: Any) -> None:
        """Add a node and what is below it; text after it is its parent's."""
        tag = node.tag if isinstance(node.tag, str) else ""
        if not tag or tag in UNSEEN:
            return
        if tag == "br":
            self._words.append(BREAK)
        elif tag in INLINE and not any(True for _ in _blocks(node)):
            self._words.append(node_text(node, BREAK))
        else:
            self._end_paragraph()
            self._visit_block(node, tag)
            self._end_paragraph()

    def _visit_block(self, node: Any, tag: str) -> None:
        if tag in HEADINGS and not any(True for _ in node.iter("table", "pre", "ul", "ol")):
            self._add("heading", " ".join(node_text(node).split()), HEADINGS[tag])
        elif tag == "pre":
            self._add("code", node_text(node).strip("\n"))
        elif tag == "table" and not is_layout(node):
            for caption in node.iter("caption"):
                self._add("text", " ".join(node_text(caption).split()))
            self.end_list()
            self.found += filter(None, [table_element(grid(node))])
        elif tag in ("ul", "ol", "dl", "menu"):
            self._visit_list(node, tag)
        else:
            self._visit_children(node)

    def _visit_children(self, node: Any) -> None:
        self._words.append(node.text or "")
        for child in node:
            self.visit(child)
            self._words.append(child.tail or "")

    def _visit_list(self, node: Any, tag: str) -> None:
        self._depth += 1
        number = int(start) - 1 if (start := node.get("start", "1")).isdecimal() else 0
        self._words.append(node.text or "")
        for child in node:
            if child.tag == "li":
                number += 1
            self._end_paragraph()
            self._marker = {"li": f"{number}. " if tag == "ol" else "- ", "dd": "- "}.get(str(child.tag), "")
            self._visit_children(child) if child.tag in _ITEMS else self.visit(child)
            self._end_paragraph()
            self._words.append(child.tail or "")
        self._end_paragraph()
        self._depth -= 1
        if not self._depth:
            self.end_list()

    def _end_paragraph(self) -> None:
        text = squeeze("".join(self._words))
        self._words.clear()
        if not text:
            return
        if not self._depth:
            self.found.append(Element("text", text))
            return
        marker = "  " if self._marker is None else self._marker
        self._lines.append("  " * (self._depth - 1) + marker + text.replace("\n", " "))
        self._marker = None

    def end_list(self) -> None:
        """Close the list so far, so that something else can follow it."""
        if self._lines:
            self.found.append(Element("text", "\n".join(self._lines)))
            self._lines.clear()

    def _add(self, kind: Any, text: str, level: int = 0) -> None:
        if text.strip():
            self.end_list()
            self.found.append(Element(kind, text, level=level))


def _blocks(node: Any) -> Iterator[Any]:
    return (child for child in node.iterdescendants() if isinstance(child.tag, str) and is_block(child))
