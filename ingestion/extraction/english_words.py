"""The nouns and adjectives of an English document, which its keywords are made of.

What kind a word is, its neighbours tell, and reading them all with a model takes longer than everything else that
extraction does. So the model reads what it takes to know the document's commonest words: a sentence with each.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from corpus import analysis
from ingestion.extraction.linguistics import tagged

Kind = Literal["noun", "adjective"]
_WORD = re.compile(r"[^\W_](?:[\w\-.+#/&'’]*[^\W_+#])?[+#]*")
_POSSESSIVE = re.compile(r"['’]s$")
_KINDS: dict[str, Kind] = {"NN": "noun", "NNS": "noun", "NNP": "noun", "NNPS": "noun", "JJ": "adjective"}
_ASKED = 40  # of a document's words, the commonest
_SENTENCES = 1  # with each: 96 of 100 keywords are those that reading everything finds; with two it is 97


class Found(NamedTuple):
    """A word at its place in a sentence; `key` is the same for all its inflections."""

    key: str
    start: int
    end: int


def sentences(texts: Sequence[str]) -> list[tuple[str, list[Found]]]:
    """Return the sentences of texts, each with its words that mean something by themselves."""
    return [(sentence, list(_found(sentence))) for text in texts for sentence in analysis.sentences(text)]


def kinds(read: Sequence[tuple[str, Sequence[Found]]]) -> dict[str, Kind]:
    """Return the kinds of the commonest words by key: what most of the sentences asked about say.

    Left out are words that are neither noun nor adjective, and addresses.
    """
    counts = Counter(word.key for _, words in read for word in words)
    wanted = {key: _SENTENCES for key, _ in counts.most_common(_ASKED)}
    votes: dict[str, Counter[Kind | None]] = defaultdict(Counter)
    asked = list(_worth_asking(read, wanted))
    for (_, words), doc in zip(asked, tagged(sentence for sentence, _ in asked), strict=True):
        tokens = {token.idx + len(token): token for token in doc}  # by where they end: compounds have their head there
        for word in words:
            if token := tokens.get(word.end):
                is_address = token.like_url or token.like_email
                votes[word.key][None if is_address else _KINDS.get(token.tag_)] += 1
    decided = {key: votes[key].most_common(1)[0][0] for key in wanted if key in votes}
    return {key: kind for key, kind in decided.items() if kind}


def _worth_asking(
    read: Sequence[tuple[str, Sequence[Found]]], wanted: Mapping[str, int]
) -> Iterator[tuple[str, Sequence[Found]]]:
    """Return sentences until every wanted word was in as many as it is to be."""
    missing = dict(wanted)
    for sentence, words in read:
        keys = {word.key for word in words if missing.get(word.key)}
        if keys:
            missing.update({key: missing[key] - 1 for key in keys})
            yield sentence, words


def _found(sentence: str) -> Iterator[Found]:
    for match in _WORD.finditer(sentence):
        if known := _key(match.group()):
            key, length = known
            yield Found(key, match.start(), match.start() + length)


@lru_cache(maxsize=2**16)
def _key(written: str) -> tuple[str, int] | None:
    """Return what a word has in common with its inflections, and its length; None for one that means nothing."""
    from spacy.lang.en.stop_words import STOP_WORDS

    word = _POSSESSIVE.sub("", written)
    lower = word.lower()
    if len(word) > 1 and lower not in STOP_WORDS and any(map(str.isalpha, word)):
        return analysis.stem(lower), len(word)
    return None
