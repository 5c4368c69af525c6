"""How similar signed documents are, and which of them are near-duplicates."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ingestion.deduplication.signatures import Signature
from ingestion.errors import IngestionError

Id = TypeVar("Id", bound=Hashable)


def similarity(one: Signature, other: Signature) -> float:
    """Return the estimated Jaccard similarity of two documents, as `similarities` does."""
    return float(similarities(one, [other])[0])


def similarities(one: Signature, many: Sequence[Signature]) -> NDArray[np.float64]:
    """Return the estimated Jaccard similarity of one document to each of many.

    It is the share of equal values, but not more than the sizes of the two sets allow. An empty signature is
    similar to nothing, not even to itself.

    Raises:
        IngestionError: Signatures of different lengths.
    """
    if not many or one.is_empty:
        return np.zeros(len(many))
    if any(len(other.values) != len(one.values) for other in many):
        raise IngestionError("Signatures of different schemes cannot be compared; select those of one scheme.")
    equal = np.mean(np.stack([other.values for other in many]) == one.values, axis=1)
    counts = np.array([other.shingle_count for other in many])
    bound = np.minimum(counts, one.shingle_count) / np.maximum(counts, one.shingle_count)
    found: NDArray[np.float64] = np.minimum(equal, bound)
    return found


def near_duplicates(
    signature: Signature, candidates: Mapping[Id, Signature], threshold: float
) -> list[tuple[Id, float]]:
    """Return the candidates whose estimated similarity is at least `threshold`, the most similar first."""
    found = zip(candidates, similarities(signature, list(candidates.values())).tolist(), strict=True)
    return sorted(((id_, value) for id_, value in found if value >= threshold), key=lambda pair: -pair[1])
