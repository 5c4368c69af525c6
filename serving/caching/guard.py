"""The second yes: do two questions ask for the same thing, as far as numbers, names, opposites and negation tell?"""

from __future__ import annotations

from dataclasses import dataclass

from serving.caching import lexicon
from serving.caching.features import features

_HARD = frozenset({"how_long", "how_often", "how_far", "how_much", "how_many", "when", "who", "where"})


@dataclass(frozen=True)
class Verdict:
    """Whether two questions agree, and what they disagree about."""

    agrees: bool
    reason: str


def compare(one: str, other: str) -> Verdict:
    """Return whether two questions may share an answer; anything they contradict each other in says no."""
    a, b = features(one), features(other)
    if a.numbers != b.numbers:
        return Verdict(False, "numbers")
    if a.times != b.times:
        return Verdict(False, "times")
    if not (_mentions(b.text, a.names) and _mentions(a.text, b.names)):
        return Verdict(False, "names")
    if any(pair == other and side != other_side for pair, side in a.sides for other, other_side in b.sides):
        return Verdict(False, "opposites")
    if a.negated != b.negated:
        return Verdict(False, "negation")
    if a.fails != b.fails:
        return Verdict(False, "failure")
    if (a.actions ^ b.actions) & lexicon.REVERSING or (a.actions and b.actions and not a.actions & b.actions):
        return Verdict(False, "actions")
    if not _same_kind(a.kind, b.kind):
        return Verdict(False, "kind of question")
    return Verdict(True, "agrees")


def swapped(one: str, other: str) -> frozenset[str]:
    """Return the two words by which questions differ that are otherwise the same: 정규직 연차, 계약직 연차.

    Vectors hardly tell such a pair from a paraphrase, and no list of opposites is complete. Empty when they differ in
    more, or in less.
    """
    a, b = features(one).words, features(other).words
    left, right = _simple(a - b), _simple(b - a)
    return frozenset(left | right) if a & b and len(left) == len(right) == 1 else frozenset()


def _simple(words: frozenset[str]) -> set[str]:
    """Leave out compounds of words that are there themselves: 점심시간 beside 점심."""
    return {word for word in words if not any(part != word and part in word for part in words)}


def _mentions(text: str, names: frozenset[str]) -> bool:
    """Whoever types in lower case means the same name: it is enough that the other question has the word."""
    return all(name.rstrip("s") in text for name in names)


def _same_kind(one: str | None, other: str | None) -> bool:
    """Who, when, where … must be the same; how, what and no word at all go together; a choice is no how or why."""
    if one == other:
        return True
    kinds = {one, other}
    return not kinds & _HARD and kinds not in ({"which", "how"}, {"which", "why"})
