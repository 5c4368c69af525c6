"""Hybrid search: one statement, full text and vectors, under the caller's scope, on the server it is given."""

from __future__ import annotations

from collections.abc import Sequence

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


async def search(
    pool: Pool, scope: Scope, query: Query, top_k: int, filters: Filters, settings: ServingSettings,
    neighbours: int = 0, at_least: int | None = None,
) -> Sequence[Hit]:  # fmt: skip
    """Return the best passages the scope may see, best first.

    Args:
        at_least: A release of the corpus; nothing older than it is returned.

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
    statements: list[Statement] = [(queries("search")["search"], given)]
    if at_least is not None:  # read first: what is found after it can only be newer
        statements.insert(0, (queries("caches")["release"], {}))
    try:
        *served, rows = await fetch(pool, scope, *statements)
    except psycopg.Error as error:
        if error.sqlstate == _MODEL_NOT_SERVING:
            raise ModelSwitched("The embedding model was switched while the question was asked. Ask again.") from error
        raise
    if at_least is not None and not any(row["number"] >= at_least for row in served[0]):
        raise ReplicaBehind(f"The release {at_least} of the corpus is not replayed yet.")
    return [Hit.from_row(**row) for row in rows]
