"""What every document, passage and vector must meet, under names of our own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Subject = Literal["document", "chunk", "vector"]
FindPersonalData = Callable[[str, str], bool]
"""Takes a text and its kind (`text`, `table`, `code`); tells whether personal data is in it."""

_UNIT_TOLERANCE = 0.01


@dataclass(frozen=True)
class ValidationRules:
    """What a batch must meet.

    Attributes:
        max_tokens: Of a passage.
        dimensions: Of a vector.
        find_pii: Looks for personal data; None where the source allows it.
        most_failing: Share of a batch's documents above which the batch is stopped.
        most_bad_vectors: Share of new vectors, if more than one, above which the model is to blame and the batch
            is stopped; one of other dimensions always stops it.
    """

    max_tokens: int
    dimensions: int
    find_pii: FindPersonalData | None = None
    most_failing: float = 0.5
    most_bad_vectors: float = 0.1


@dataclass(frozen=True)
class Expectation:
    """One expectation on one column of the rows about one subject.

    Attributes:
        check: Class name in `great_expectations.expectations`; `arguments` are its own.
    """

    name: str
    subject: Subject
    column: str
    check: str
    arguments: dict[str, Any] = field(default_factory=dict)


def expectations(rules: ValidationRules) -> list[Expectation]:
    """Return all expectations, those on whole documents first: the first one not met names the quarantine."""
    found = [
        _between("document_has_passages", "document", "passages", 1, None),
        _matches("document_language_is_known", "document", "language", r"^[a-z]{2}$"),
        _matches("chunk_text_is_not_empty", "chunk", "text", r"\S"),
        _between("chunk_token_count_is_within_limit", "chunk", "tokens", 1, rules.max_tokens),
        _between("vector_has_the_models_dimensions", "vector", "dimensions", rules.dimensions, rules.dimensions),
        _is("vector_is_finite", "vector", "is_finite", True),
        _between("vector_has_unit_length", "vector", "norm", 1 - _UNIT_TOLERANCE, 1 + _UNIT_TOLERANCE),
    ]
    if rules.find_pii:
        found[2:2] = [_is("document_headings_have_no_unmasked_personal_data", "document", "has_personal_data", False)]
        found[5:5] = [_is("chunk_has_no_unmasked_personal_data", "chunk", "has_personal_data", False)]
    return found


def _between(name: str, subject: Subject, column: str, least: float, most: float | None) -> Expectation:
    limits = {"min_value": least, **({} if most is None else {"max_value": most})}
    return Expectation(name, subject, column, "ExpectColumnValuesToBeBetween", limits)


def _matches(name: str, subject: Subject, column: str, regex: str) -> Expectation:
    return Expectation(name, subject, column, "ExpectColumnValuesToMatchRegex", {"regex": regex})


def _is(name: str, subject: Subject, column: str, value: bool) -> Expectation:
    return Expectation(name, subject, column, "ExpectColumnValuesToBeInSet", {"value_set": [value]})
