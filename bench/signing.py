"""How fast documents are signed: ours, datasketch used the plain way, and what the processor allows."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from ingestion.deduplication import SignatureScheme, band_hashes, shingle_hashes, sign
from ingestion.deduplication.signatures import signature_of


def signing_speeds(texts: Sequence[str], scheme: SignatureScheme, repeats: int) -> dict[str, list[float]]:
    """Return documents per CPU second of each way, measured `repeats` times."""
    size = scheme.shingle_size
    hashes = [shingle_hashes(text, size) for text in texts]
    signatures = [signature_of(found, scheme) for found in hashes]
    letters = [plain_shingles(text, size) for text in texts]
    empty = MinHash(scheme.permutations, scheme.seed)

    ways: dict[str, Callable[[], object]] = {
        "the default": lambda: [sign(text, scheme) for text in texts],
        "its shingling": lambda: [shingle_hashes(text, size) for text in texts],
        "its MinHash": lambda: [signature_of(found, scheme) for found in hashes],
        "its bands": lambda: [band_hashes(signature, scheme) for signature in signatures],
        "plain Python": lambda: [_update(empty, plain_shingles(text, size)) for text in texts],
        "its shingling in plain Python": lambda: [plain_shingles(text, size) for text in texts],
        "its MinHash in plain Python": lambda: [_update(empty, found) for found in letters],
        "plain Python, update_batch": lambda: [_update_batch(empty, plain_shingles(text, size)) for text in texts],
        "limit: the bytes read once (blake2b)": lambda: [blake2b(text.encode()).digest() for text in texts],
        "limit: the multiplications of MinHash": lambda: [_multiply(len(found), scheme) for found in hashes],
    }
    for other in (replace(scheme, permutations=64), replace(scheme, permutations=256), replace(scheme, shingle_size=5)):
        name = f"{other.permutations} permutations, shingle {other.shingle_size}"
        ways[name] = partial(lambda chosen: [sign(text, chosen) for text in texts], other)
    return {name: [len(texts) / _seconds(way) for _ in range(repeats)] for name, way in ways.items()}


def folded(text: str) -> str:
    """Return text without differences of width and case."""
    return unicodedata.normalize("NFKC", text).casefold()


def plain_shingles(text: str, size: int) -> set[str]:
    """Return the shingles that `shingle_hashes` hashes, the obvious way."""
    letters = "".join(filter(str.isalnum, folded(text)))
    return {letters[start : start + size] for start in range(len(letters) - size + 1)}


def _seconds(way: Callable[[], object]) -> float:
    started = time.process_time()
    way()
    return time.process_time() - started


def _update(empty: MinHash, shingles: set[str]) -> MinHash:
    minhash = empty.copy()
    for shingle in shingles:
        minhash.update(shingle.encode())
    return minhash


def _update_batch(empty: MinHash, shingles: set[str]) -> MinHash:
    minhash = empty.copy()
    minhash.update_batch([shingle.encode() for shingle in shingles])
    return minhash


def _multiply(count: int, scheme: SignatureScheme) -> NDArray[np.uint32]:
    """Do the least arithmetic of a MinHash, one multiplication per shingle and permutation, in the first cache."""
    block = np.arange(4096, dtype=np.uint32)
    for _ in range(count * scheme.permutations // len(block)):
        np.multiply(block, block, out=block)
    return block
