"""The text below a node of HTML, as a reader sees it."""

from __future__ import annotations

from typing import Any

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "label", "mark", "nobr", "q", "rb", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
))  # fmt: skip
UNSEEN = frozenset((
    "script", "style", "template", "noscript", "head", "title", "meta", "link", "iframe", "svg", "canvas",
))  # fmt: skip
BREAK = "\x00"
"""A line break somebody asked for, as against one of the source text; HTML cannot hold this character."""


def is_block(node: Any) -> bool:
    """Tell an element that is a block of its own from one that stands in a line of text."""
    return node.tag not in INLINE and node.tag not in UNSEEN and node.tag not in ("br", "img")


def node_text(node: Any, line_break: str = "\n") -> str:
    """Return all text below a node; blocks in it are lines of their own."""
    parts = [node.text or ""]
    for child in node:
        if isinstance(child.tag, str) and child.tag not in UNSEEN:
            around = line_break if is_block(child) else ""
            parts += [line_break if child.tag == "br" else f"{around}{node_text(child, line_break)}{around}"]
        parts.append(child.tail or "")
    return "".join(parts)


def squeeze(text: str) -> str:
    """Collapse blanks as a browser does; only a line break that was asked for stays."""
    lines = (" ".join(line.split()) for line in text.split(BREAK))
    return "\n".join(filter(None, lines))
