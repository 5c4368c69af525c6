"""The body of a batch: one JSON document, or one question per line; every problem named with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi.exceptions import RequestValidationError
from pydantic import Field, StringConstraints, ValidationError

from serving.api.filters import Body, FilterBody
from serving.api.schemas import Text
from serving.batches import MAX_QUESTIONS, Question

JSON = "application/json"
NDJSON = "application/x-ndjson"
MOST_PROBLEMS = 20
"""How many are told before reading stops."""


class BatchQuestion(Body):
    """One question, under a name of the caller's own."""

    custom_id: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    question: Text = Field(examples=["How many wrong passwords lock an account?"])
    filters: FilterBody = Field(default_factory=FilterBody)
    top_k: int | None = Field(default=None, ge=1, le=20, description="Passages the answer may rest on.")


class BatchBody(Body):
    """The questions of a batch."""

    questions: Annotated[list[BatchQuestion], Field(min_length=1, max_length=MAX_QUESTIONS)]


def body_schema() -> dict[str, Any]:
    """Return how the API page shows the two forms of a batch."""
    question = BatchQuestion.model_json_schema(ref_template="#/components/schemas/{model}")
    question.pop("$defs", None)
    whole = BatchBody.model_json_schema()
    listed = {**whole["properties"]["questions"], "items": question}
    schema = {**{name: whole[name] for name in ("title", "type", "required", "additionalProperties")},
              "properties": {"questions": listed}}  # fmt: skip
    lines = {"type": "string", "description": "One question per line, as in `questions`."}
    return {"required": True, "content": {JSON: {"schema": schema}, NDJSON: {"schema": lines}}}


def questions_of(body: bytes, kind: str) -> list[Question]:
    """Return the questions of a body of media type `JSON` or `NDJSON`.

    Raises:
        RequestValidationError: It cannot be read, holds too few or too many, or two have the same name.
    """
    return _distinct(_lines(body) if kind == NDJSON else _whole(body))


def _whole(body: bytes) -> list[BatchQuestion]:
    try:
        return BatchBody.model_validate_json(body).questions
    except ValidationError as error:
        raise RequestValidationError(list(_placed(error))) from error


def _lines(body: bytes) -> list[BatchQuestion]:
    found, problems = list[BatchQuestion](), list[dict[str, Any]]()
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(BatchQuestion.model_validate_json(line))
        except ValidationError as error:
            problems += _placed(error, "line", number)
        if len(problems) > MOST_PROBLEMS:
            break
    if not problems and not 1 <= len(found) <= MAX_QUESTIONS:
        problems = [_problem("count", f"a batch has 1 to {MAX_QUESTIONS} questions, not {len(found)}")]
    if problems:
        raise RequestValidationError(problems)
    return found


def _distinct(questions: list[BatchQuestion]) -> list[Question]:
    """Return the questions to be written down; raise when two of them have the same name."""
    first: dict[str, int] = {}
    for number, one in enumerate(questions, 1):
        if one.custom_id in first:
            message = f"{one.custom_id!r} is the custom_id of questions {first[one.custom_id]} and {number}"
            raise RequestValidationError([_problem("duplicate", message)])
        first[one.custom_id] = number
    return [
        Question(one.custom_id, one.question, one.filters.model_dump(mode="json", exclude_none=True), one.top_k)
        for one in questions
    ]


def _placed(error: ValidationError, *place: str | int) -> Iterator[dict[str, Any]]:
    for entry in error.errors(include_url=False, include_context=False, include_input=False):
        yield {**entry, "type": "invalid", "loc": ("body", *place, *entry["loc"])}


def _problem(kind: str, message: str) -> dict[str, Any]:
    return {"type": kind, "loc": ("body", "questions"), "msg": message}
