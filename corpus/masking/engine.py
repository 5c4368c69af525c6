"""Find personal data in text: a cheap look, then presidio's recognisers on the lines that may hold some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import cache
from typing import TYPE_CHECKING

from corpus.masking.context import REACH, adjust
from corpus.masking.findings import DEFAULT_TYPES, NAME_TYPES, PLACEHOLDER, Finding, Kind, NameFinder

if TYPE_CHECKING:
    from presidio_analyzer import PatternRecognizer

THRESHOLD = 0.5
STRICT_THRESHOLD = 0.75
"""In code and web addresses, where most long numbers are nobody's."""

CERTAIN = 0.9
"""From here on no word nearby can make a finding doubtful; below, none can make it certain."""

_FILLER = "\ufffc"  # neither letter, digit nor blank
_PROMISING = re.compile(r"@|[0-9](?:[^0-9\n]{0,3}[0-9]){5}|[A-Za-z0-9]{26}")
_INSIDE_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]*$")
_LONGEST_URL = 300
_LONGEST_ROW = 4000
"""How far is looked for the beginning of a web address or table row: the work per finding has a limit."""

_HYPHENS = "‐‑‒–—―−﹣－ー"
_BLANKS = "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NARROW = str.maketrans(_WIDE | {ord(mark): "-" for mark in _HYPHENS} | {ord(blank): " " for blank in _BLANKS})
_FOREIGN = re.compile(r"[^\x00-\x7f₩€£]")


def find(
    text: str,
    kind: Kind = "text",
    types: Set[str] = DEFAULT_TYPES,
    before: str = "",
    names: NameFinder | None = None,
) -> list[Finding]:
    """Return the personal data in a text, in order, without overlaps; the better score wins, then the longer.

    Args:
        kind: Of a code element only confident findings count; of a table, words of a cell's own row and column.
        types: What to look for, of `findings.TYPES`.
        before: Text that precedes: it holds no findings, but its words are context.
        names: Finds people, places and dates, where these are asked for.
    """
    plain = PLACEHOLDER.sub(lambda match: _FILLER * len(match[0]), text).translate(_NARROW)
    found = list(_in_lines(plain, kind, types, before)) if _PROMISING.search(plain) else []
    if names is not None and types & NAME_TYPES:
        found += names(plain, types & NAME_TYPES)
    return _without_overlaps(found) if found else []


def _in_lines(text: str, kind: Kind, types: Set[str], before: str) -> Iterator[Finding]:
    """Run every recogniser over the promising lines; weigh what they find by the words around it."""
    done = 0
    for promising in _PROMISING.finditer(text):
        if promising.start() < done:
            continue
        start = text.rfind("\n", 0, promising.start()) + 1
        done = text.find("\n", promising.end())
        done = len(text) if done < 0 else done
        for finding in _recognised(text[start:done], start, types):
            score = finding.score
            if score < CERTAIN:
                score = min(score + adjust(finding.type, *_context(text, finding, kind, before)), CERTAIN - 0.01)
            before_it = text[max(start, finding.start - _LONGEST_URL) : finding.start]
            strict = kind == "code" or (finding.type != "EMAIL" and _INSIDE_URL.search(before_it))
            if score >= (STRICT_THRESHOLD if strict else THRESHOLD):
                yield Finding(finding.type, finding.start, finding.end, round(score, 3))


def _recognised(line: str, offset: int, types: Set[str]) -> Iterator[Finding]:
    line = _FOREIGN.sub(_FILLER, line)  # a word boundary would take Hangul for a part of the number
    for recogniser in _recognisers():
        entity = recogniser.supported_entities[0]
        if entity in types:
            for result in recogniser.analyze(line.upper() if entity == "IBAN" else line, [entity]):
                yield Finding(entity, offset + result.start, offset + result.end, result.score)


@cache
def _recognisers() -> tuple[PatternRecognizer, ...]:
    from corpus.masking import english, korean, phones

    return (*korean.recognisers(), *phones.recognisers(), *english.recognisers())


def _context(text: str, finding: Finding, kind: Kind, before: str) -> tuple[str, str]:
    """Return the words before and behind a finding; in a table those of its own cell, row and column."""
    if kind != "table":
        preceding = text[max(0, finding.start - REACH) : finding.start]
        if len(preceding) < REACH:
            preceding = f"{before[-REACH:]}\n{preceding}"
        return preceding, text[finding.end : finding.end + REACH]
    near = max(0, finding.start - _LONGEST_ROW)
    row_start = text.rfind("\n", near, finding.start) + 1 or near
    row = text[row_start : finding.start].split("|")
    header = text[:_LONGEST_ROW].split("\n", 1)[0].split("|") if row_start else []
    column = header[len(row) - 1] if len(row) <= len(header) else ""
    label = next((cell for cell in row[:-1] if cell.strip()), "")
    return f"{label} {column} {row[-1]}", text[finding.end : finding.end + REACH].split("|", 1)[0]


def _without_overlaps(found: Iterable[Finding]) -> list[Finding]:
    ranked = sorted(found, key=lambda each: (-each.score, each.start - each.end, each.start, each.type))
    taken = bytearray(max((finding.end for finding in ranked), default=0))
    kept = []
    for finding in ranked:
        if not any(taken[finding.start : finding.end]):
            taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
            kept.append(finding)
    return sorted(kept, key=lambda each: each.start)
