"""What the query log holds of a question and of an answer: rows without personal data."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from corpus.masking import masked
from serving.citations import cited, groundedness
from serving.filters import EVERYTHING
from serving.questions import Answer, Asked


def query_row(asked: Asked, kind: str) -> dict[str, Any]:
    """Return the row of a question or search, as `log_query` takes it."""
    filters = {name: value for name, value in asdict(asked.filters).items() if value and name != "as_of"}
    return {
        "id": asked.id,
        "tenant_id": asked.scope.tenant_id,
        "api_key_id": asked.scope.api_key_id,
        "kind": kind,
        "question": _storable(asked.question),
        "rewritten": _storable(asked.rewritten) if asked.rewritten != asked.question else None,
        "mode": asked.mode,
        "filters": Jsonb({} if asked.filters == EVERYTHING else filters, dumps=_json),
        "as_of": asked.filters.as_of,
        "hits": Jsonb(
            [
                {"chunk_id": hit.chunk_id, "text_rank": hit.text_rank, "vector_rank": hit.vector_rank,
                 "score": hit.score, "rerank_score": hit.rerank_score}
                for hit in asked.hits
            ],
            dumps=_json,
        ),
        "candidates": Jsonb([vars(candidate) for candidate in asked.candidates], dumps=_json),
        "timings": Jsonb(asked.timings),
    }  # fmt: skip


def answer_row(asked: Asked, answer: Answer, seconds: float) -> dict[str, Any]:
    """Return the row of an answer, finished or not, as `log_answer` takes it.

    Args:
        seconds: From question to end.
    """
    kept = ("number", "document_id", "version", "chunk_id")
    citations = cited(answer.text, asked.hits)
    known = asked.cache.answer if asked.cache.state == "hit" else None
    return {
        "query_id": asked.id,
        "tenant_id": asked.scope.tenant_id,
        "generator": answer.generator,
        "model": answer.model,
        "state": answer.state,
        "text": _storable(answer.text),
        "citations": Jsonb([{name: str(entry[name]) for name in kept} for entry in citations]),
        "usage": Jsonb(answer.usage),
        "error": answer.error,
        "first_token_seconds": answer.first_token_seconds,
        "cache_state": asked.cache.state,
        "cache_reason": asked.cache.reason,
        "cache_similarity": asked.cache.similarity,
        "cached_answer_id": known.answer_id if known else None,
        "tier": answer.tier,
        "route_reason": answer.route_reason,
        "degraded": answer.degraded,
        "cost": answer.cost,
        "groundedness": groundedness(answer.text, asked.hits) if answer.text else None,
        "removed_citations": answer.removed_citations,
        "seconds": seconds,
    }


def _storable(text: str) -> str:
    """Return text as the log keeps it: without personal data, and without NUL, which Postgres refuses."""
    return masked(text.replace("\x00", ""))


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
