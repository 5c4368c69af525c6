"""What a question insists on: numbers, times, names, negation, opposites, actions, and what it asks for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from corpus import analysis
from serving.caching import lexicon
from serving.caching.canonical import canonical, fails

_NUMBER = re.compile(r"(?<![a-z0-9])\d+(?:[.,:/-]\d+)*")
_UNIT = re.compile(rf"\s?({'|'.join(map(re.escape, sorted(lexicon.UNITS, key=len, reverse=True)))})")
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(lexicon.NUMBER_WORDS)})(?![a-z])")
_COUNTED = re.compile(rf"(?<![가-힣])({'|'.join(lexicon.COUNTED)})\s?(?={lexicon.COUNTER})")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_./+#][A-Za-z0-9]+)*")
_CODE = re.compile(r"(?=\w*\d)(?=\w*[a-z])[a-z0-9]+(?:[-_.][a-z0-9]+)*")


@dataclass(frozen=True)
class Features:
    """What a question insists on.

    Attributes:
        text: All its words, folded, as typed and in canonical form.
        numbers: Digits and number words, with a unit that changes their meaning.
        times: Months, weekdays, last and next year.
        names: Product codes, and words written like names.
        negated: Whether it is asked about what is not so.
        fails: Whether it says that something does not work.
        sides: Of each pair of opposites it touches, which side.
        actions: What is to be done.
        kind: Who, when, where …; None when it does not say.
        words: Its content words, without those that only ask.
    """

    text: str
    numbers: frozenset[str]
    times: frozenset[str]
    names: frozenset[str]
    negated: bool
    fails: bool
    sides: frozenset[tuple[int, int]]
    actions: frozenset[str]
    kind: str | None
    words: frozenset[str]


@lru_cache(maxsize=16_384)
def features(text: str) -> Features:
    """Read a question's features; `text` is as it was typed, because names are known by their capitals."""
    plain = unicodedata.normalize("NFKC", text)
    form = canonical(plain)
    folded = plain.casefold()
    failing = fails(form)
    return Features(
        f"{folded} {form}",
        _numbers(folded),
        frozenset(re.sub(r"\s", "", found[0]) for found in lexicon.TIMES.finditer(folded)),
        _names(form if analysis.language(plain) == "ko" else plain),
        len(lexicon.NEGATION.findall(form.removesuffix("안 됨").removesuffix("not working"))) % 2 == 1,
        failing,
        frozenset((index, side) for index, pattern in enumerate(_opposites()) if (side := _side(pattern, form))),
        frozenset(name for name, pattern in _actions() if pattern.search(form)),
        _kind(form if failing else folded),
        frozenset(word for word in analysis.lexemes(form) if not word.isdigit()) - lexicon.ASKING,
    )


def _numbers(folded: str) -> frozenset[str]:
    """Digits and number words with their unit, written one way: 두 달, 2 months and two months are the same."""
    text = _NUMBER_WORD.sub(lambda match: lexicon.NUMBER_WORDS[match[0]], folded)
    text = _COUNTED.sub(lambda match: lexicon.COUNTED[match[1]], text)
    found = set()
    for match in _NUMBER.finditer(text):
        unit = _UNIT.match(text, match.end())
        found.add(re.sub(r"(?<=\d),(?=\d{3})", "", match[0]) + (lexicon.UNITS[unit[1]] if unit else ""))
    return frozenset(found)


def _names(plain: str) -> frozenset[str]:
    """Codes such as E1042 and S3; Latin words with a capital that no sentence gives them, and all of them in Korean."""
    is_korean = analysis.language(plain) == "ko"
    found = {match[0] for match in _CODE.finditer(plain.casefold())}
    for match in _LATIN.finditer(plain):
        word = match[0]
        begins = not plain[: match.start()].rstrip(" \"'(") or plain[: match.start()].rstrip()[-1:] in ".!?"
        is_named = word[1:] != word[1:].lower() or (word[0].isupper() and not begins)
        if word != "I" and (is_named or is_korean):
            found.add(word.casefold())
    return frozenset(found)


@cache
def _opposites() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    return tuple((re.compile(one), re.compile(other)) for one, other in lexicon.OPPOSITES)


@cache
def _actions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern)) for name, pattern in lexicon.ACTIONS.items())


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern)) for name, pattern in lexicon.KINDS)


def _side(pair: tuple[re.Pattern[str], re.Pattern[str]], form: str) -> int:
    """Return 1 or 2 for the side a question is on; 0 when it names neither, or both."""
    rest, second = pair[1].subn(" ", form)
    first = pair[0].search(rest) is not None
    return 0 if first == bool(second) else (1 if first else 2)


def _kind(text: str) -> str | None:
    if lexicon.CHOICE.search(text):
        return "which"
    return next((name for name, pattern in _kinds() if pattern.search(text)), None)
