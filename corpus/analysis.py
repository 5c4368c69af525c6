"""Words for full text: stems of English words and morphemes of Korean ones, the same for passages and questions.

Korean particles and endings are glued to the word (로그인이, 로그인은, 로그인하려면), so words cut at blanks find
almost nothing. Kiwi's morphemes find 로그인 in all of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.metadata import version
from itertools import chain
from threading import Lock, local
from typing import TYPE_CHECKING, Any

from corpus.cores import available_cores

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

VERSION = f"analysis-2+kiwi-{version('kiwipiepy')}+snowball-{version('snowballstemmer')}"

_FOREIGN_WORD = re.compile(r"[^\W가-힣ㄱ-ㅎㅏ-ㅣ_]+", re.UNICODE)
_HANGUL = re.compile(r"[가-힣]")
_BLANK_LINE = re.compile(r"\n\s*\n")
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
_ahead: dict[str, _Ahead] = {}


def passage(heading_path: Iterable[str], text: str) -> str:
    """Return what full text reads of a passage: its headings give the words its text may lack."""
    return "\n\n".join((*heading_path, text))


def lexemes(text: str) -> list[str]:
    """Return the lexemes of a text in order, with repetition; empty when it holds only punctuation."""
    return next(lexemes_of([text]))


def lexemes_of(texts: Iterable[str]) -> Iterator[list[str]]:
    """Return the lexemes of each of many texts: the same as `lexemes`, read on other cores."""
    normal = [unicodedata.normalize("NFKC", text) for text in texts]
    korean = [_korean_paragraphs(text) for text in normal]
    read = iter(morphemes([paragraph for paragraphs in korean for paragraph in paragraphs]))
    for text, paragraphs in zip(normal, korean, strict=True):
        words = _foreign(_CONTRACTION.sub("", text.casefold()))
        for _ in paragraphs:
            words += _korean(next(read))
        yield words


def morphemes(paragraphs: Iterable[str]) -> list[tuple[Token, ...]]:
    """Return Kiwi's morphemes of each paragraph: those that `read_ahead` is at, and the others read now."""
    paragraphs = list(paragraphs)
    ahead = {paragraph: _ahead[paragraph] for paragraph in paragraphs if paragraph in _ahead}
    others = list(dict.fromkeys(paragraph for paragraph in paragraphs if paragraph not in ahead))
    if len(others) > 1:
        read = dict(zip(others, _reading(others), strict=True))
    else:  # at once: passing one to another thread takes longer
        read = {paragraph: tuple(_kiwi().tokenize(paragraph)) for paragraph in others}
    return [ahead[each].of(each) if each in ahead else read[each] for each in paragraphs]


@contextmanager
def read_ahead(paragraphs: Iterable[str]) -> Iterator[None]:
    """Have the Korean ones of some paragraphs read on other cores; in the block, `morphemes` waits for what it needs.

    They are read once, however often the block asks for them.
    """
    korean = list(dict.fromkeys(paragraph for paragraph in paragraphs if _HANGUL.search(paragraph)))
    _ahead.update(dict.fromkeys(korean, _Ahead(korean)))
    try:
        yield
    finally:
        for paragraph in korean:
            _ahead.pop(paragraph, None)


class _Ahead:
    """Paragraphs that are being read, and the morphemes of those that were asked for or stand before one that was."""

    def __init__(self, paragraphs: Sequence[str]) -> None:
        self._coming = zip(paragraphs, _reading(paragraphs), strict=True)
        self._read: dict[str, tuple[Token, ...]] = {}
        self._taking = Lock()

    def of(self, paragraph: str) -> tuple[Token, ...]:
        with self._taking:
            while paragraph not in self._read:
                read, tokens = next(self._coming)
                self._read[read] = tokens
            return self._read[paragraph]


def _reading(paragraphs: Sequence[str]) -> Iterator[tuple[Token, ...]]:
    """Begin to read paragraphs on other cores, and return what comes of them, in order.

    Of what it is given at a time Kiwi reads 16 texts per worker without being asked; so it is given many times so many.
    Waiting for one, it holds Python's lock, and a thread of ours that waited would hold up all others.
    """
    size = 16 * _workers()
    parts = [_kiwi().tokenize(paragraphs[start : start + size]) for start in range(0, len(paragraphs), size)]
    return map(tuple, chain.from_iterable(parts))


def tsvector(words: Iterable[str]) -> str:
    """Return lexemes as a `tsvector` literal with positions, so that the database keeps their frequency."""
    positions: dict[str, list[int]] = defaultdict(list)
    for position, word in enumerate(words, 1):
        positions[word].append(position)
    return " ".join(f"{_quoted(word)}:{_places(found)}" for word, found in positions.items())


def sentences(text: str) -> list[str]:
    """Return the sentences of a Korean or English text, without surrounding blanks."""
    found: list[str] = []
    for part in _SENTENCE_END.split(text):
        if _HANGUL.search(part):
            found += [sentence.text.strip() for sentence in _kiwi().split_into_sents(part)]
        else:
            found.append(part.strip())
    return [sentence for sentence in found if sentence]


def has_korean(text: str) -> bool:
    """Whether morphemes must be read to find all words of a text."""
    return bool(_HANGUL.search(text))


def language(text: str) -> str:
    """Return `ko` when at least a fifth of the letters are Hangul, else `en`.

    Korean technical writing is full of Latin words, so Hangul need not be the majority.
    """
    letters = sum(map(str.isalpha, text))
    return "ko" if letters and len(_HANGUL.findall(text)) >= 0.2 * letters else "en"


@lru_cache(maxsize=2**16)
def stem(word: str) -> str:
    """Return the stem of an English word in small letters: the same for all its inflections."""
    return str(_stemmer().stemWord(word))


def _korean_paragraphs(text: str) -> list[str]:
    """Return the Korean paragraphs of a text, each on one line: how lines are wrapped is no part of the words."""
    return [" ".join(part.split()) for part in _BLANK_LINE.split(text) if _HANGUL.search(part)]


def _foreign(text: str) -> list[str]:
    return [stem(word)[:100] for word in _FOREIGN_WORD.findall(text) if word not in _STOP_WORDS]


def _korean(tokens: Iterable[Token]) -> list[str]:
    """Return Korean content morphemes; nouns written together are also given as the one word they form.

    Kiwi cuts 비밀번호를 into 비밀+번호 but keeps 비밀번호로 whole; the joined form meets both.
    """
    found: list[str] = []
    run: list[Token] = []
    for token in tokens:
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
            found.append(token.form.casefold())
    return found + _joined(run)


def _joined(run: list[Token]) -> list[str]:
    word = "".join(token.form for token in run).casefold()
    return [word] if len(run) > 1 and _HANGUL.search(word) else []


def _places(positions: Sequence[int]) -> str:
    if positions[-1] > _MAX_POSITION:
        positions = list(dict.fromkeys(min(position, _MAX_POSITION) for position in positions))
    return ",".join(map(str, positions[:_MAX_POSITIONS]))


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


@cache
def _kiwi() -> Kiwi:
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=_workers())


def _workers() -> int:
    """Return how many threads Kiwi reads with: a core is left to the thread that works on what it has read."""
    return max(available_cores() - 1, 1)


def _stemmer() -> Any:
    """Return this thread's stemmer: it keeps the word it is at in itself, so two threads must not share one."""
    if not hasattr(_own, "stemmer"):
        import snowballstemmer

        _own.stemmer = snowballstemmer.stemmer("english")
    return _own.stemmer
