"""Hybrid search: one statement, full text and vectors, under the caller's scope, on the server it is given.

The look for a result that is kept goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from serving.access import Pool, Scope, Statement, fetch
from serving.errors import ModelUnavailable
from serving.filters import Filters
from serving.hits import Hit, Query
from serving.replica_standing import ReplicaBehind
from serving.settings import ServingSettings
from sql import queries

_MODEL_NOT_SERVING = "RG001"  # raised by corpus.search_chunks


class ModelSwitched(ModelUnavailable):
    """The question was embedded with a model that no longer serves."""


@dataclass(frozen=True)
class Found:
    """What was found for a question, best first.

    Attributes:
        release: The release of the corpus that was served before it was searched for; None when that was not asked.
        is_kept: Whether it is what was found before.
    """

    hits: Sequence[Hit]
    release: int | None = None
    is_kept: bool = False


async def search(
    pool: Pool, scope: Scope, query: Query, top_k: int, filters: Filters, settings: ServingSettings,
    neighbours: int = 0, at_least: int | None = None, key: str | None = None,
) -> Found:  # fmt: skip
    """Return the best passages the scope may see, in one round trip.

    Args:
        at_least: A release of the corpus; nothing older than it is returned.
        key: Where the result may be kept for the release that is served; only what is not there is searched for.

    Raises:
        ModelSwitched: Another model than the one that embedded the question serves now.
        ReplicaBehind: The server searched does not serve that release yet.
    """
    given = {
        **filters.parameters(),
        "lexemes": query.lexemes,
        "vector": query.vector,
        "model_id": query.model_id,
        "top_k": top_k,
        "text_weight": settings.text_weight_korean if query.language == "ko" else settings.text_weight,
        "fusion": settings.fusion,
        "neighbours": neighbours,
    }
    # Releases are read first: what is found after one can only be newer.
    before: list[Statement] = []
    if key is not None:
        before.append((queries("caches")["get_retrieval"], {"key_hash": key}))
    if at_least is not None:
        before.append((queries("caches")["release"], {}))
    try:
        *read, rows = await fetch(
            pool, scope, *before, (queries("search")["search"], given), may_be_lost=key is not None
        )
    except psycopg.Error as error:
        if error.sqlstate == _MODEL_NOT_SERVING:
            raise ModelSwitched("The embedding model was switched while the question was asked. Ask again.") from error
        raise
    if at_least is not None and not any(row["number"] >= at_least for row in read[-1]):
        raise ReplicaBehind(f"The release {at_least} of the corpus is not replayed yet.")
    if key is None:
        return Found([Hit.from_row(**row) for row in rows])
    [looked] = read[0]
    if looked["hits"] is None:
        return Found([Hit.from_row(**row) for row in rows], looked["release"])
    return Found([Hit.from_kept(row) for row in looked["hits"]], looked["release"], is_kept=True)
