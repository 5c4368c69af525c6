"""Cut documents into passages: what is embedded, searched and cited.

Text is cut by heading section, then between paragraphs, then between sentences; tables between rows, with the
header repeated; code between functions and classes. See `profiles` for the ways to pack them, and `boundaries`
for why an edit costs no more than what it touches.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.chunking.boundaries import cut_points
from ingestion.chunking.identity import chunk_hash, normalise, normalised_text
from ingestion.chunking.limits import ChunkLimits
from ingestion.chunking.profiles import Profile
from ingestion.items import Chunk, Element

__all__ = ["VERSION", "ChunkLimits", "Profile", "chunk", "chunk_hash", "cut_points", "normalise", "normalised_text"]

VERSION = "chunking-2"


def chunk(
    elements: Sequence[Element],
    limits: ChunkLimits,
    profile: Profile = "structure",
    programming_language: str | None = None,
) -> list[Chunk]:
    """Cut a document into passages of at most `limits.max_tokens` tokens, headings not counted.

    A passage's text is the document's from `char_start` to `char_end`, except that later parts of a table
    repeat its header line. Without an overlap, consecutive passages cover the text, headings apart.

    Args:
        elements: The document in reading order.
        limits: Lengths, and the tokenizer they are counted by.
        profile: `structure`, `heading`, `fixed` or `semantic`; see `ingestion.chunking.profiles`.
        programming_language: Of the document's code, when it is known, such as `python`; code is then cut by
            function and class, whose names are added to the heading path.

    Raises:
        ValueError: There is no such profile, or `semantic` was given no `embed`.
    """
    from ingestion.chunking.definitions import define
    from ingestion.chunking.fitting import fit
    from ingestion.chunking.outline import outline
    from ingestion.chunking.passages import chunks
    from ingestion.chunking.profiles import packing

    pack = packing(profile)
    document = normalised_text(elements)
    pieces = define(document, list(outline(elements)), limits, programming_language)
    return list(chunks(document, pack(document, fit(document, pieces, limits), limits), limits))
