"""Citations: `[n]` in an answer leads to the n-th passage, and to nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from corpus import analysis
from serving.hits import Hit
from serving.prompt import is_refusal

SUPPORTED = 0.6
"""Share of a sentence's words its passages must hold."""

_MARKS = re.compile(r"```|`|\n|\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]|!(?=\[)|\](?=\()|<(?=[A-Za-z/!])")
# What may become a mark with the next piece, and all before it that looks at it; a citation is not longer than this.
_UNFINISHED = re.compile(r"(?:(?<!`)(?:```)*(`{1,2})|((?:[!\]<]|\[[\d,\s]{0,24})+))$")
_CITED = re.compile(r"\[(\d{1,3})\]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_LATE_CITATION = re.compile(r"([.!?。])\s*((?:\[\d{1,3}\])+)")
_NUMERAL = re.compile(r"\d+(?:[.,:]\d+)*")


class CitationFilter:
    """Lets an answer through piece by piece, without what a reader must not get.

    Citations of passages that were not given are removed and counted; several numbers in one pair of brackets become
    one citation each. Links, images and HTML are made plain text, so that nothing a document smuggled into the answer
    is loaded or followed. What stands between backticks is code and passes as it is.

    Attributes:
        removed: How many citations were removed.
    """

    def __init__(self, source_count: int) -> None:
        self.removed = 0
        self._count = source_count
        self._held = ""
        self._code = ""  # the backticks that opened it

    def feed(self, text: str) -> str:
        """Take the next piece and return what can be shown; what may go on in the next piece is held back."""
        text = self._held + text
        unfinished = _UNFINISHED.search(text)
        cut = unfinished.start(unfinished.lastindex or 0) if unfinished else len(text)
        self._held = text[cut:]
        return _MARKS.sub(self._replace, text[:cut])

    def end(self) -> str:
        """Return what was held back."""
        held, self._held = self._held, ""
        return _MARKS.sub(self._replace, held)

    def _replace(self, match: re.Match[str]) -> str:
        mark = match[0]
        if mark in ("`", "```", "\n"):
            if self._code == mark or (self._code == "`" and mark == "\n"):
                self._code = ""
            elif not self._code and mark != "\n":
                self._code = mark
            return mark
        if self._code:
            return mark
        if match[1] is None:
            return {"!": "", "]": "] ", "<": "‹"}[mark]
        numbers = [int(number) for number in match[1].split(",")]
        kept = [number for number in numbers if 1 <= number <= self._count]
        self.removed += len(numbers) - len(kept)
        followed = match.string[match.end() : match.end() + 1] == "("  # which would make it a link
        return "".join(f"[{number}]" for number in kept) + " " * followed


def source(number: int, hit: Hit) -> dict[str, Any]:
    """Return a hit as the numbered source of an answer."""
    return {
        "number": number,
        "document_id": hit.document_id,
        "uri": hit.uri,
        "title": hit.title,
        "version": hit.version,
        "chunk_id": hit.chunk_id,
        "page": hit.page,
        "heading_path": hit.heading_path,
        "text": hit.text,
    }


def cited(text: str, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Return the sources an answer cites, in order of first mention; numbers that name no source are ignored."""
    numbers = dict.fromkeys(int(number) for number in _CITED.findall(_CODE.sub("", text)))
    return [source(number, hits[number - 1]) for number in numbers if 1 <= number <= len(hits)]


def groundedness(text: str, hits: Sequence[Hit]) -> float | None:
    """Return the share of an answer's sentences that the passages they cite support; None when none can be judged.

    Method `lexeme-overlap-1`: a sentence is supported when it cites something (or the next one of its
    paragraph that cites anything does), every numeral in it stands in the cited
    passages, and these hold at least `SUPPORTED` of its lexemes (stems, Korean morphemes). Of a sentence in another
    language than its passages only what is written alike in both (numerals, Latin words in Korean) is looked at. It
    sees wrong figures and foreign words, not a wrong relation between right words. A refusal claims nothing.
    Takes milliseconds of CPU: call it beside the event loop.
    """
    if is_refusal(text):
        return None
    verdicts = [verdict for claim in _claims(text) if (verdict := _supported(*claim, hits)) is not None]
    return sum(verdicts) / len(verdicts) if verdicts else None


def _claims(text: str) -> Iterator[tuple[str, list[int]]]:
    """Yield each sentence with the numbers it cites: its own, else those cited next in its paragraph."""
    for paragraph in text.split("\n\n"):
        following: list[int] = []
        for sentence in reversed(analysis.sentences(_LATE_CITATION.sub(r" \2\1", paragraph))):
            following = [int(number) for number in _CITED.findall(sentence)] or following
            bare = _CITED.sub("", sentence)
            if analysis.lexemes(bare):
                yield bare, following


def _supported(bare: str, numbers: Sequence[int], hits: Sequence[Hit]) -> bool | None:
    numbers = [number for number in numbers if 1 <= number <= len(hits)]
    if not numbers:
        return False
    evidence = "\n".join(
        " ".join((hits[number - 1].title, *hits[number - 1].heading_path, hits[number - 1].text)) for number in numbers
    )
    if not set(_NUMERAL.findall(bare)) <= set(_NUMERAL.findall(evidence)):
        return False
    words, held = set(analysis.lexemes(bare)), set(analysis.lexemes(evidence))
    if analysis.language(bare) != analysis.language(evidence):
        words = {word for word in words if word.isascii()} if analysis.language(bare) == "ko" else words & held
    return len(words & held) >= SUPPORTED * len(words) if words else None
