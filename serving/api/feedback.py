"""`/v1/feedback` and `/v1/answers/{id}/verify`: what people think of an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from serving import feedback
from serving.api.deps import EngineDep, FeedbackScope
from serving.api.filters import Body
from serving.api.idempotent import IdempotentRoute
from serving.api.problems import PROBLEMS, documented
from serving.api.schemas import printable

router = APIRouter(tags=["feedback"], responses=PROBLEMS, route_class=IdempotentRoute)

Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), BeforeValidator(printable)
]


async def answer_cache(request: Request) -> feedback.AnswerCache | None:
    """Return the cache of answers this worker has, if answers are cached."""
    found: feedback.AnswerCache | None = request.app.state.answer_cache
    return found


CacheDep = Annotated[feedback.AnswerCache | None, Depends(answer_cache)]


class FeedbackBody(Body):
    """What you think of an answer."""

    answer_id: UUID
    rating: Literal["up", "down"]
    reason: Prose | None = Field(default=None, examples=["The limit was raised last week."])
    corrected_answer: Prose | None = Field(default=None, description="What should have been answered.")


class FeedbackReply(BaseModel):
    """Feedback as it was stored; the newest of a key about an answer counts."""

    id: UUID
    answer_id: UUID
    rating: Literal["up", "down"]
    rated_at: datetime
    evicted: int = Field(description="Cached answers that a thumb down removed.")


class VerifyBody(Body):
    """Leave the text out to keep the answer as it is."""

    text: Prose | None = Field(default=None, description="The answer in better words; `[1]` … cite as before.")


class VerifiedReply(BaseModel):
    """An answer that is kept as verified."""

    answer_id: UUID
    text: str


@router.post("/v1/feedback", status_code=201)
async def give(body: FeedbackBody, engine: EngineDep, cache: CacheDep, scope: FeedbackScope) -> FeedbackReply:
    """Rate an answer, say why, and what it should have been; a thumb down takes it out of the cache."""
    opinion = feedback.Opinion(body.rating, body.reason, body.corrected_answer)
    saved = await feedback.save(engine.pool, cache, scope, body.answer_id, opinion)
    return FeedbackReply(
        id=saved.id, answer_id=body.answer_id, rating=body.rating, rated_at=saved.rated_at, evicted=saved.evicted
    )


@router.post("/v1/answers/{answer_id}/verify", responses=documented(409))
async def verify(
    answer_id: UUID, body: VerifyBody, engine: EngineDep, cache: CacheDep, scope: FeedbackScope
) -> VerifiedReply:
    """Keep an answer in the cache as verified, for as long as what it cites is current."""
    text = await feedback.verify(engine.pool, cache, scope, answer_id, body.text)
    return VerifiedReply(answer_id=answer_id, text=text)
