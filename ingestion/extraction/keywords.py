"""Keywords: the noun phrases a document says most of its own accord, scored without a background corpus.

The score is the C-value (Frantzi, Ananiadou and Mima, "Automatic recognition of multi-word terms", 2000): how
often a phrase occurs, less how often it occurs merely as a part of longer phrases, times the logarithm of its
length. One is added to the length, so that single words take part.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from ingestion.extraction import english_words
from ingestion.extraction.linguistics import morphemes, nouns

if TYPE_CHECKING:
    from kiwipiepy import Token

COUNT = 10
_HEADING_WEIGHT = 2
_MAX_WORDS = 3
_MAX_LENGTH = 60  # characters
_WORD = re.compile(r"(?=.*[^\W\d_])[^\W_](?:[\w\-.+#/&'’]*[^\W_+#])?[+#]*")
_GENERIC = frozenset(  # never a keyword alone, nor the first or last word of one
    """
    amount bit case day example fact hand hour kind lot minute month number one part people person place point
    question reason rest second section set sort state step thing time today tomorrow type value way week year
    able bad big certain different easy few first following full good great large last little long many more most
    much new next old only other own possible same several short small such whole
    가운데 가지 개월 경우 관련 그것 기존 나머지 내용 누구 년도 다음 단계 대상 대부분 매일 먼저 모두 무엇 문제 방법
    방식 번째 부분 사람 사용 사이 상태 상황 생각 설명 수준 순간 순서 시간 아래 여기 여러분 예제 오늘 오전 오후 우리
    위치 이것 이다음 이때 이번 이상 이용 이유 이전 이하 이후 자신 자체 저희 전체 정도 지금 차례 처음 추가 포함 필요
    하나 하루 한번 해당
    """.split()  # noqa: SIM905
)


Key = tuple[str, ...]
_Place = tuple[str, int, int]
"""A text, and where in it a term stands."""
Kind = Literal["noun", "adjective", "generic"]


class _Word(NamedTuple):
    """A word at its place in a text; `key` is the same for all its inflections."""

    key: str
    start: int
    end: int
    kind: Kind


def keywords(headings: Sequence[str], body: Sequence[str], language: str) -> list[str]:
    """Return up to `COUNT` keywords as written in the text, the most telling first.

    Empty for languages other than Korean and English, whose nouns are not known here.
    """
    weights: Counter[Key] = Counter()
    places: dict[Key, list[_Place]] = defaultdict(list)
    for text, words, weight in _read(headings, body, language):
        for term in _terms(text, words):
            key = tuple([word.key for word in term])
            weights[key] += weight
            places[key].append((text, term[0].start, term[-1].end))
    scores = _c_values(weights)
    best = sorted(scores, key=lambda key: -scores[key])  # stable: of equals, the one that comes first
    chosen: dict[str, None] = {}
    for key in best:
        if scores[key] <= 0 or len(chosen) == COUNT:
            break
        surface = _usual(places[key])
        if len(surface) <= _MAX_LENGTH:
            chosen[surface] = None
    return list(chosen)


def _c_values(weights: Counter[Key]) -> dict[Key, float]:
    within: dict[Key, list[int]] = defaultdict(list)  # weights of the longer terms a term is part of
    for key, weight in weights.items():
        parts = {key[i:j] for i in range(len(key)) for j in range(i + 1, len(key) + 1)} - {key}
        for part in parts & weights.keys():
            within[part].append(weight)
    return {
        key: math.log2(len(key) + 1) * (weight - (sum(within[key]) / len(within[key]) if key in within else 0))
        for key, weight in weights.items()
    }


def _terms(text: str, words: Iterable[_Word]) -> Iterator[list[_Word]]:
    """Return every run of words, nothing but blanks between them, that begins and ends like a term."""
    run: list[_Word] = []
    for word in words:
        if run and text[run[-1].end : word.start] not in (" ", ""):
            run = []
        run = [*run[-_MAX_WORDS + 1 :], word]
        if word.kind == "noun":
            yield from (run[first:] for first in range(len(run)) if run[first].kind != "generic")


def _usual(places: Iterable[_Place]) -> str:
    """Return the most common way to write a term; of equals, the one in small letters."""
    surfaces = Counter(" ".join(text[start:end].split()) for text, start, end in places)
    return max(surfaces.items(), key=lambda item: (item[1], item[0]))[0]


def _read(headings: Sequence[str], body: Sequence[str], language: str) -> Iterator[tuple[str, Iterable[_Word], int]]:
    """Return pieces of text with their words and what each occurrence counts."""
    if language == "ko":
        for texts, weight in ((tuple(headings), _HEADING_WEIGHT), (tuple(body), 1)):
            for text, tokens in zip(texts, morphemes(texts), strict=True):
                yield text, _korean(text, tokens), weight
    elif language == "en":
        above, below = english_words.sentences(headings), english_words.sentences(body)
        kinds = english_words.kinds([*below, *above])  # whole sentences first: they tell more
        for sentences, weight in ((above, _HEADING_WEIGHT), (below, 1)):
            for sentence, words in sentences:
                yield sentence, _english(sentence, words, kinds), weight


def _korean(text: str, tokens: Iterable[Token]) -> Iterator[_Word]:
    for noun in nouns(tokens):
        start, end = noun[0].start, noun[-1].end
        surface = text[start:end]
        if len(surface) > 1 and _WORD.fullmatch(surface):
            yield _Word(surface.casefold(), start, end, "generic" if surface in _GENERIC else "noun")


def _english(
    sentence: str, words: Iterable[english_words.Found], kinds: Mapping[str, english_words.Kind]
) -> Iterator[_Word]:
    for key, start, end in words:
        if key in kinds:
            is_generic = not {sentence[start:end].lower(), key}.isdisjoint(_GENERIC)
            yield _Word(key, start, end, "generic" if is_generic else kinds[key])
