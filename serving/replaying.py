"""Read an answer again: from this worker's memory while it lasts, then from the log."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from serving.access import Scope
from serving.engine import Engine
from serving.errors import NotFound
from serving.events import Event
from serving.feedback import find_answer
from serving.lineage import trace


async def read_again(engine: Engine, scope: Scope, answer_id: UUID, after: int) -> AsyncGenerator[Event, None]:
    """Return an answer's events behind number `after`; those of the log come whole, beginning with a `meta`.

    Raises:
        NotFound: There is no such answer, it is being written by another worker, or what it rests on may not be read
            any more.
    """
    try:
        return engine.streams.attach(answer_id, scope, after)
    except NotFound:
        answer = await find_answer(engine.pool, scope, answer_id)
    lineage = await trace(engine.pool, scope, answer_id)
    if lineage.is_withheld:
        raise NotFound(f"What the answer {answer_id} rests on may not be read with this key any more.")
    return _logged(answer, lineage.citations)


async def _logged(answer: dict[str, Any], citations: Any) -> AsyncGenerator[Event, None]:
    cited = [
        {"number": row["number"], "document_id": row["document_id"], "uri": row["uri"], "title": row["title"],
         "version": row["version"], "chunk_id": row["chunk_id"], "page": row["page"],
         "heading_path": row["heading_path"], "text": row["passage"]}
        for row in citations
    ]  # fmt: skip
    meta = {"answer_id": answer["answer_id"], "generator": answer["generator"], "model": answer["model"],
            "tier": "none", "cache": "off", "cache_reason": "read again", "degraded": False,
            "reason": None}  # fmt: skip
    events = [
        Event("meta", meta, 1),
        Event("sources", {"sources": cited}, 2),
        Event("token", {"text": answer["text"]}, 3),
    ]
    if answer["state"] != "complete":
        events.append(Event("error", {"type": answer["state"], "detail": "The answer was not finished."}, 4))
    done = {"answer_id": answer["answer_id"], "state": answer["state"], "citations": cited}
    for event in [*events, Event("done", done, len(events) + 1)]:
        yield event
