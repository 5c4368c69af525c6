"""Words for full text: stems of English words and morphemes of Korean ones, the same for passages and questions.

Korean particles and endings are glued to the word (로그인이, 로그인은, 로그인하려면), so words cut at blanks find
almost nothing. Kiwi's morphemes find 로그인 in all of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from threading import local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

VERSION = f"analysis-1+kiwi-{version('kiwipiepy')}+snowball-{version('snowballstemmer')}"

_FOREIGN_WORD = re.compile(r"[^\W가-힣ㄱ-ㅎㅏ-ㅣ_]+", re.UNICODE)
_HANGUL = re.compile(r"[가-힣]")
_CONTRACTION = re.compile(r"['’](?:s|t|re|ve|ll|d|m)\b")
_SENTENCE_END = re.compile(  # a line, or an English end of sentence that is no abbreviation or initial
    r"\n+|(?<!\b[A-Z]\.)(?<!\b(?:Dr|Mr|Ms|St|vs|No)\.)(?<!\b(?:Mrs|Inc|Ltd|etc|e\.g|i\.e)\.)"
    r"(?:(?<=[.!?])|(?<=[.!?][\"')\]]))\s+(?=[\"'(\[]?[A-Z0-9가-힣])"
)
_NOUNS = ("NNG", "NNP", "NR", "XR", "SL", "SH")
_JOINABLE = (*_NOUNS, "XPN")  # 재+설정
_CONTENT = (*_JOINABLE, "VV", "VA", "MAG")
_LIGHT_VERBS = frozenset({"하", "되", "있", "없", "이", "않", "같", "주", "보"})
_STOP_WORDS = frozenset(
    """
    a an and are as at be but by can do does for from has have how i if in into is it its my of on or our that
    the their there these this to was we were what when where which who will with you your
    """.split()  # noqa: SIM905
)
_MAX_POSITION = 16_383  # of a tsvector
_MAX_POSITIONS = 255  # per lexeme
_own = local()


def lexemes(text: str) -> list[str]:
    """Return the lexemes of a text in order, with repetition; empty when it holds only punctuation."""
    text = _CONTRACTION.sub("", unicodedata.normalize("NFKC", text).casefold())
    found = _foreign(text)
    if _HANGUL.search(text):
        found += _korean(text)
    return found


def tsvector(words: Iterable[str]) -> str:
    """Return lexemes as a `tsvector` literal with positions, so that the database keeps their frequency."""
    positions: dict[str, list[int]] = defaultdict(list)
    for position, word in enumerate(words, 1):
        if len(positions[word]) < _MAX_POSITIONS:
            positions[word].append(min(position, _MAX_POSITION))
    return " ".join(
        f"{_quoted(word)}:{','.join(map(str, dict.fromkeys(places)))}" for word, places in positions.items()
    )


def sentences(text: str) -> list[str]:
    """Return the sentences of a Korean or English text, without surrounding blanks."""
    found: list[str] = []
    for part in _SENTENCE_END.split(text):
        if _HANGUL.search(part):
            found += [sentence.text.strip() for sentence in _kiwi().split_into_sents(part)]
        else:
            found.append(part.strip())
    return [sentence for sentence in found if sentence]


def language(text: str) -> str:
    """Return `ko` when at least a fifth of the letters are Hangul, else `en`.

    Korean technical writing is full of Latin words, so Hangul need not be the majority.
    """
    letters = sum(character.isalpha() for character in text)
    return "ko" if letters and len(_HANGUL.findall(text)) >= 0.2 * letters else "en"


def _foreign(text: str) -> list[str]:
    return [_stem(word) for word in _FOREIGN_WORD.findall(text) if word not in _STOP_WORDS]


def _korean(text: str) -> list[str]:
    """Return Korean content morphemes; nouns written together are also given as the one word they form.

    Kiwi cuts 비밀번호를 into 비밀+번호 but keeps 비밀번호로 whole; the joined form meets both.
    """
    found: list[str] = []
    run: list[Any] = []
    for token in _kiwi().tokenize(text):
        is_part = token.tag in _JOINABLE
        if run and not (is_part and token.start == run[-1].start + run[-1].len):
            found += _joined(run)
            run = []
        if is_part:
            run.append(token)
        if not _HANGUL.search(token.form):
            continue
        tag = token.tag.partition("-")[0]  # irregular conjugation is marked VV-I, VA-R …
        if tag in _CONTENT and token.form not in _LIGHT_VERBS:
            found.append(token.form)
    return found + _joined(run)


def _joined(run: list[Any]) -> list[str]:
    word = "".join(token.form for token in run)
    return [word] if len(run) > 1 and _HANGUL.search(word) else []


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


@cache
def _kiwi() -> Kiwi:
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)


@lru_cache(maxsize=50_000)  # the stemmer takes some 30 µs of the interpreter, and most words come again
def _stem(word: str) -> str:
    stem: str = _stemmer().stemWord(word)
    return stem[:100]


def _stemmer() -> Any:
    """Return this thread's stemmer: it keeps the word it is at in itself, so two threads must not share one."""
    if not hasattr(_own, "stemmer"):
        import snowballstemmer

        _own.stemmer = snowballstemmer.stemmer("english")
    return _own.stemmer
