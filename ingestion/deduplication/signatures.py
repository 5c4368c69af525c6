"""MinHash signatures: what is kept of a document's shingles, and what it is looked up by. datasketch computes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from ingestion.deduplication.shingles import Hashes, shingle_hashes

if TYPE_CHECKING:
    from datasketch import MinHash

_NOTHING_SEEN = np.uint32(2**32 - 1)  # what datasketch starts from
_BLOCK_BYTES = 2**19  # of permuted hashes, which should stay in the processor's cache


@dataclass(frozen=True)
class SignatureScheme:
    """How signatures are made; only those of one scheme can be compared.

    Attributes:
        permutations: Values in a signature; the estimate's standard error is at most 0.5 / √permutations.
        bands: Parts of a signature that are looked up; two documents are candidates when one part is equal.
        shingle_size: Letters and digits in a shingle. Longer ones tell unrelated documents apart better, and make
            more of a small edit.
        min_shingles: Documents with fewer have an empty signature, similar to nothing: below nine times
            `shingle_size`, one changed letter already takes the similarity under 0.8.
        seed: Of the permutations.

    Raises:
        ValueError: A number is not positive, or the bands do not divide the permutations.
    """

    permutations: int = 128
    bands: int = 32
    shingle_size: int = 7
    min_shingles: int = 64
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.permutations, self.bands, self.shingle_size, self.min_shingles) < 1:
            raise ValueError(f"Permutations, bands, shingle size and least shingles must be positive, not {self}.")
        if self.permutations % self.bands:
            raise ValueError(f"{self.bands} bands do not divide {self.permutations} permutations; set a divisor.")

    @property
    def rows(self) -> int:
        """Values in one band."""
        return self.permutations // self.bands

    @property
    def name(self) -> str:
        """What is stored with a signature, so that it never meets one of another scheme."""
        return (
            f"minhash-1/p{self.permutations}/b{self.bands}/s{self.shingle_size}/m{self.min_shingles}"
            f"/seed{self.seed}/datasketch-affine32"
        )

    def recall(self, similarity: float) -> float:
        """Return the probability that two documents of this Jaccard similarity become candidates."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


@dataclass(frozen=True, eq=False)
class Signature:
    """What is kept of a document's shingles.

    Attributes:
        values: The least hash under each permutation (uint32).
        shingle_count: How many different shingles the document has.
    """

    values: Hashes
    shingle_count: int

    @property
    def is_empty(self) -> bool:
        """Whether the document was too short to be compared."""
        return bool((self.values == _NOTHING_SEEN).all())


def sign(text: str, scheme: SignatureScheme) -> Signature:
    """Return a document's signature."""
    return signature_of(shingle_hashes(text, scheme.shingle_size), scheme)


def signature_of(hashes: Hashes, scheme: SignatureScheme) -> Signature:
    """Return the signature of a set of hashed shingles: the one datasketch makes of the same hashes."""
    minhash = _empty_minhash(scheme.permutations, scheme.seed).copy()
    block = max(1, _BLOCK_BYTES // (4 * scheme.permutations))
    if len(hashes) >= scheme.min_shingles:
        for start in range(0, len(hashes), block):
            # An array in place of each number: datasketch permutes and reduces it as a whole.
            minhash.update_batch([hashes[start : start + block]])
    return Signature(minhash.hashvalues, len(hashes))


def band_hashes(signature: Signature, scheme: SignatureScheme) -> list[int]:
    """Return one signed 64-bit number per band, in order; none for an empty signature.

    Two documents are candidates when the numbers of one band are equal. Bands at different places, or of different
    schemes, are equal only by accident.
    """
    if signature.is_empty:
        return []
    key = blake2b(scheme.name.encode(), digest_size=16).digest()
    bands = signature.values.astype("<u4").reshape(scheme.bands, scheme.rows)
    return [
        int.from_bytes(_digest(band.tobytes(), key, place.to_bytes(4, "little")), "little", signed=True)
        for place, band in enumerate(bands)
    ]


def to_bytes(signature: Signature) -> bytes:
    """Return the values as little-endian uint32; the number of shingles is stored beside them."""
    return signature.values.astype("<u4").tobytes()


def from_bytes(data: bytes, shingle_count: int) -> Signature:
    """Read back what `to_bytes` wrote."""
    return Signature(np.frombuffer(data, "<u4").astype(np.uint32), shingle_count)


def _digest(data: bytes, key: bytes, salt: bytes) -> bytes:
    return blake2b(data, digest_size=8, key=key, salt=salt).digest()


@cache
def _empty_minhash(permutations: int, seed: int) -> MinHash:
    """Return a MinHash of nothing, whose permutations all signatures of a scheme share."""
    from datasketch import MinHash

    return MinHash(permutations, seed, hashfunc=_already_hashed, scheme="affine32")


def _already_hashed(hashes: Hashes) -> Hashes:
    return hashes
