"""How well near-duplicates are found, and how fast: real revisions of an English and a Korean book.

The truth is the Jaccard similarity of the whole shingle sets. A pair counts as found when a band makes it a candidate
and its estimated similarity reaches the threshold, as in publication. A third of the pairs are edits, a third distant
revisions of one file, which fill the scale, a third different files.

The defaults come from these figures. Shingles of letters, because the same text with other blanks stays the same.
Seven of them, because with five an English document has hundreds of needless candidates in a corpus of 100,000, and
every further letter makes more of an edit. 128 permutations, because 64 miss more and 256 cost twice the time. 32
bands, because 16 lose pairs at 0.7, and 64 find no more.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data import folder
from bench.report import Bar, report
from bench.revisions import Book, Pair, read_book
from bench.signing import folded, signing_speeds
from ingestion.deduplication import Signature, SignatureScheme, band_hashes, jaccard, shingle_hashes, similarity
from ingestion.deduplication.signatures import signature_of

PAIRS = 250
"""Of each kind and language."""
TIMED = 40
"""Documents of each language whose signing is timed."""
DEFAULT = SignatureScheme()
THRESHOLD = 0.8
THRESHOLDS = (0.7, THRESHOLD, 0.9)
GRID = [SignatureScheme(permutations, bands) for permutations in (64, 128, 256) for bands in (16, 32, 64)]
SIZES = (3, 5, 7, 9, 12)


class Figures(dict[str, float]):
    """Several figures of one row of the table."""

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.4g}" for name, value in self.items())


class Scores(dict[str, tuple[float, float, float]]):
    """Precision, recall and F1 by language."""

    def __str__(self) -> str:
        return ", ".join(f"{name} " + "/".join(f"{value:.3f}" for value in self[name]) for name in self)


def run(repeats: int) -> bool:
    """Score every scheme at every threshold, then time the default beside datasketch used the plain way."""
    english, korean = folder("rust-book-en"), folder("rust-book-ko")
    if english is None or korean is None:
        return True
    books = {"en": read_book(english, "en", PAIRS), "ko": read_book(korean, "ko", PAIRS)}
    figures: dict[str, Any] = {
        "read as": "permutations × bands, shingle: precision/recall/F1",
        "texts": {language: len(book.texts) for language, book in books.items()},
    }
    sized = [(SignatureScheme(shingle_size=size), THRESHOLD) for size in SIZES if size != DEFAULT.shingle_size]
    for scheme, threshold in [(scheme, threshold) for threshold in THRESHOLDS for scheme in GRID] + sized:
        name = f"{scheme.permutations} × {scheme.bands}, {scheme.shingle_size}, ≥ {threshold}"
        figures[name] = Scores({language: score(book.pairs, scheme, threshold) for language, book in books.items()})
    for name, chosen in (("edits", lambda book: book.edits), ("within 0.1 of the threshold", borderline)):
        figures[f"the default, {name}"] = Scores(
            {language: score(chosen(book), DEFAULT, THRESHOLD) for language, book in books.items()}
        )
    for language, book in books.items():
        for size in SIZES:
            figures[f"{language}, shingles of {size} letters"] = separation(book, _by_letters(size))
        figures[f"{language}, shingles of 3 words"] = separation(book, _by_words(3))
        figures[f"{language}, error of the estimate"] = errors(book)
    speeds = signing_speeds([text for book in books.values() for text in book.texts[:TIMED]], DEFAULT, repeats)
    figures |= {f"documents/CPU s, {name}": values for name, values in speeds.items()}
    return report("dedup", figures, _bars(books, speeds))


def _bars(books: dict[str, Book], speeds: dict[str, list[float]]) -> dict[str, Bar]:
    lost = {language: 1 - score(book.pairs, DEFAULT, THRESHOLD)[2] for language, book in books.items()}
    share = median(speeds["plain Python"]) / median(speeds["the default"])
    return {
        **{f"{language}, 1 − F1 of the default": Bar(round(value, 4), 0.05) for language, value in lost.items()},
        "CPU time as a share of plain Python's": Bar(round(share, 4), 0.3333),
    }


@cache
def _hashes(text: str, size: int) -> NDArray[np.uint32]:
    return shingle_hashes(text, size)


@cache
def _signature(text: str, scheme: SignatureScheme) -> Signature:
    return signature_of(_hashes(text, scheme.shingle_size), scheme)


@cache
def _bands(text: str, scheme: SignatureScheme) -> frozenset[int]:
    return frozenset(band_hashes(_signature(text, scheme), scheme))


def _truth(pairs: Sequence[Pair], size: int) -> NDArray[np.float64]:
    return np.array([jaccard(_hashes(one, size), _hashes(other, size)) for one, other in pairs])


def _estimates(pairs: Sequence[Pair], scheme: SignatureScheme) -> NDArray[np.float64]:
    return np.array([similarity(_signature(one, scheme), _signature(other, scheme)) for one, other in pairs])


def score(pairs: Sequence[Pair], scheme: SignatureScheme, threshold: float) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the pairs that publication would find."""
    is_true = _truth(pairs, scheme.shingle_size) >= threshold
    is_candidate = np.array([not _bands(one, scheme).isdisjoint(_bands(other, scheme)) for one, other in pairs])
    is_found = is_candidate & (_estimates(pairs, scheme) >= threshold)
    hits, found, true = (int(kind.sum()) for kind in (is_found & is_true, is_found, is_true))
    return hits / found, hits / true, 2 * hits / (found + true)


def borderline(book: Book) -> list[Pair]:
    """Return the pairs that are hard to tell: their true similarity is within 0.1 of the threshold."""
    truth = _truth(book.pairs, DEFAULT.shingle_size)
    return [pair for pair, value in zip(book.pairs, truth, strict=True) if abs(value - THRESHOLD) <= 0.1]


def separation(book: Book, similarity_of: Callable[[str, str], float]) -> Figures:
    """Return how far a kind of shingle keeps edits together and different files apart, and whether blanks matter.

    Returns:
        The share of edits that reach the threshold; the median similarity of different files; how many of a
        million of those would be candidates; the similarity of a text to itself without a third of its blanks.
    """
    unrelated = [similarity_of(*pair) for pair in book.unrelated]
    chooser = random.Random(1)
    return Figures(
        edits=fmean(similarity_of(*pair) >= THRESHOLD for pair in book.edits),
        unrelated=median(unrelated),
        candidates=1e6 * fmean(map(DEFAULT.recall, unrelated)),
        respaced=median(similarity_of(text, _respaced(text, chooser)) for text in book.texts[:TIMED]),
    )


def _by_letters(size: int) -> Callable[[str, str], float]:
    return lambda one, other: jaccard(_hashes(one, size), _hashes(other, size))


def _by_words(size: int) -> Callable[[str, str], float]:
    def similarity_of(one: str, other: str) -> float:
        first, second = _word_shingles(one, size), _word_shingles(other, size)
        return len(first & second) / len(first | second)

    return similarity_of


@cache
def _word_shingles(text: str, size: int) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", folded(text))
    return frozenset(zip(*(words[start:] for start in range(size)), strict=False))


def _respaced(text: str, chooser: random.Random) -> str:
    return "".join(character for character in text if character != " " or chooser.random() > 1 / 3)


def errors(book: Book) -> Figures:
    """Return the error of the default's estimates over all pairs, and the root mean square chance would make of it."""
    truth = _truth(book.pairs, DEFAULT.shingle_size)
    error = _estimates(book.pairs, DEFAULT) - truth
    return Figures(
        bias=float(error.mean()),
        absolute=float(abs(error).mean()),
        rms=float(np.sqrt((error**2).mean())),
        rms_by_chance=float(np.sqrt((truth * (1 - truth)).mean() / DEFAULT.permutations)),
    )
