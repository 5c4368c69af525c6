"""What an operator does with the caches: calibrate a domain, see what is kept, forget it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector
from psycopg.rows import dict_row

from corpus.embedding import Embedder
from serving.caching.calibration import Calibration, calibrate
from serving.caching.pairs import Pair, score_pairs
from serving.caching.similarity import Vector, packaged_mean
from sql import queries

Connection = psycopg.Connection[Any]


def calibrate_domain(
    connection: Connection,
    tenant_id: str,
    domain: str,
    model_id: int,
    embedder: Embedder,
    pairs: Sequence[Pair],
    target: float,
) -> Calibration:
    """Find the threshold at which hits among labelled pairs are proved right, and keep it for a domain.

    Args:
        connection: As `regesta_serving`, outside a transaction.
        domain: A source's name, or `default`.
        target: Least precision, such as 0.97.

    Raises:
        NothingProved: The pairs do not prove that precision at any threshold; what was kept before stays.
    """
    with connection.transaction():
        set_tenant(connection, tenant_id)
        mean = _mean(connection, model_id, embedder, pairs)
        found = calibrate(score_pairs(pairs, embedder, mean), target)
        row = {"tenant_id": tenant_id, "domain": domain, "model_id": model_id, **asdict(found)}
        connection.execute(queries("caches")["put_threshold"], row)
    return found


def status(connection: Connection, tenant_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return how much is cached for a tenant, and its calibrated thresholds."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        set_tenant(connection, tenant_id)
        names = queries("caches")
        caches = cursor.execute(names["status"]).fetchall()
        thresholds = cursor.execute(names["thresholds"], {"model_id": None}).fetchall()
    return {"caches": caches, "thresholds": thresholds}


def clear(connection: Connection, tenant_id: str) -> None:
    """Forget everything that is cached for a tenant, verified answers too; thresholds stay."""
    with connection.transaction():
        set_tenant(connection, tenant_id)
        connection.execute(queries("caches")["clear"])


def set_tenant(connection: Connection, tenant_id: str) -> None:
    """Bind the transaction to a tenant and no groups: enough for thresholds and counts, and for no content."""
    connection.execute(queries("access")["set_scope"], {"tenant_id": tenant_id, "access_groups": ""})


def _mean(connection: Connection, model_id: int, embedder: Embedder, pairs: Sequence[Pair]) -> Vector:
    """Return the model's mean; of a model that has none, the mean of these questions becomes it."""
    shipped = packaged_mean(embedder.name, embedder.revision)
    if shipped is not None:
        return shipped
    names = queries("caches")
    kept = connection.execute(names["mean"], {"model_id": model_id}).fetchone()
    if kept is None:
        texts = list(dict.fromkeys(text for pair in pairs for text in (pair.question, pair.other)))
        vector = HalfVector(embedder.embed(texts, "query").mean(axis=0)).to_text()
        given = {"model_id": model_id, "vector": vector, "text_count": len(texts)}
        connection.execute(names["put_mean"], given)
        kept = connection.execute(names["mean"], {"model_id": model_id}).fetchone()
    assert kept is not None
    return np.fromstring(kept[0].strip("[]"), np.float32, sep=",")
