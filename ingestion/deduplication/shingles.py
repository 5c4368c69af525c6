"""Shingles: a document as the set of its short runs of letters and digits.

Blanks are left out, not only collapsed: Korean is written with and without them (할 수 있다, 할수있다), particles are
glued to words, and a PDF breaks lines anywhere. Runs of characters need no idea of a word in either language.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

_BASE = np.uint32(0x9E3779B1)  # any odd number whose bits are well mixed


def shingle_hashes(text: str, size: int) -> Hashes:
    """Return the hashes of a text's different shingles, in ascending order; none when it is shorter than one.

    Width, case, punctuation and blanks make no difference. A hash is a polynomial of the shingle's code points
    (Karp and Rabin, "Efficient randomized pattern-matching algorithms", 1987), modulo 2³², computed for all
    shingles at once; whoever needs its bits mixed mixes them.

    Args:
        size: Letters and digits in a shingle.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    codes = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32, copy=False)
    codes = codes[_alphanumeric()[codes]]
    count = len(codes) - size + 1
    if count < 1:
        return np.empty(0, np.uint32)
    hashes = codes[:count].copy()
    for offset in range(1, size):
        hashes *= _BASE
        hashes += codes[offset : offset + count]
    hashes.sort()  # numpy.unique builds a hash table first and takes ten times as long
    return hashes[np.concatenate(([True], hashes[1:] != hashes[:-1]))]


def jaccard(one: Hashes, other: Hashes) -> float:
    """Return the true Jaccard similarity of two sets that `shingle_hashes` gave; of two empty ones, 0."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - shared
    return shared / union if union else 0.0


@cache
def _alphanumeric() -> NDArray[np.bool_]:
    """Return, for each code point, whether it is a letter or a digit."""
    return np.strings.isalnum(np.arange(0x110000, dtype=np.uint32).view("U1"))
