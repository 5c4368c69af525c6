"""Near-duplicate documents: shingles, MinHash signatures of them, and which signatures are alike.

A document is the set of its shingles; two documents are near-duplicates when the Jaccard similarity of their sets
reaches a threshold. A signature estimates it from a few hundred bytes (Broder, "On the resemblance and containment of
documents", 1997), and hashes of its bands, kept in an index, find the candidates without comparing every pair
(Leskovec et al., "Mining of Massive Datasets", chapter 3). `python -m bench dedup` measures the defaults.
"""

from ingestion.deduplication.shingles import jaccard, shingle_hashes
from ingestion.deduplication.signatures import Signature, SignatureScheme, band_hashes, from_bytes, sign, to_bytes
from ingestion.deduplication.similarity import near_duplicates, similarities, similarity

__all__ = [
    "Signature",
    "SignatureScheme",
    "band_hashes",
    "from_bytes",
    "jaccard",
    "near_duplicates",
    "shingle_hashes",
    "sign",
    "similarities",
    "similarity",
    "to_bytes",
]
