"""Hold a batch against every expectation before anything of it is published.

A document that fails one is named with it, so that it can be quarantined. When the batch as a whole cannot be
right (a model that answers noise, most documents bad, a check that could not run), nothing of it may be served.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from ingestion.items import Item
from ingestion.validation import checkpoint
from ingestion.validation.expectations import FindPersonalData, Subject, ValidationRules, expectations
from ingestion.validation.rows import rows

__all__ = ["ExpectationResult", "FindPersonalData", "ValidationReport", "ValidationRules", "validate"]

_NAMED = 5  # documents, in the details of a result
_FEWEST_JUDGED = 10  # documents; one bad file must not stop a batch of two


@dataclass(frozen=True)
class ExpectationResult:
    """What one expectation found in a batch.

    Attributes:
        element_count: How many documents, passages or vectors were looked at; `unexpected_count` did not meet it.
        unexpected_uris: The documents those belong to.
        details: For a person; holds no text of a document.
    """

    expectation: str
    scope: Subject | Literal["batch"]
    is_successful: bool
    element_count: int
    unexpected_count: int
    unexpected_uris: list[str] = field(default_factory=list)
    details: str = ""


@dataclass(frozen=True)
class ValidationReport:
    """What validation found.

    Attributes:
        failing: Names, by uri, the first expectation a document does not meet.
        batch_problem: Why nothing of the batch may be published; None when it may.
    """

    results: list[ExpectationResult] = field(default_factory=list)
    failing: dict[str, str] = field(default_factory=dict)
    batch_problem: str | None = None


def validate(items: Sequence[Item], vectors: Mapping[str, NDArray[Any]], rules: ValidationRules) -> ValidationReport:
    """Run the checkpoint over the documents of a batch that still have content to work on.

    Args:
        items: A batch after embedding.
        vectors: New vectors by chunk hash; passages whose vector is in the database already have none here.
    """
    pending = [item for item in items if item.is_pending]
    if not pending:
        return ValidationReport()
    try:
        outcomes = checkpoint.run(expectations(rules), rows(pending, vectors, rules))
    except Exception as error:  # a check that cannot run must not let a batch pass
        fault = f"the checkpoint could not run: {type(error).__name__}: {str(error)[:500]}"
        return ValidationReport([ExpectationResult("checkpoint_ran", "batch", False, 1, 1, [], fault)], {}, fault)
    failing: dict[str, str] = {}
    for outcome in outcomes:
        for uri in outcome.uris:
            failing.setdefault(uri, outcome.expectation.name)
    problem = _batch_problem(outcomes, len(failing), len(pending), rules)
    batch = ExpectationResult(
        "batch_is_mostly_sound", "batch", problem is None, len(pending), len(failing), list(failing), problem or ""
    )
    return ValidationReport([*map(_result, outcomes), batch], failing, problem)


def _batch_problem(
    outcomes: Sequence[checkpoint.Outcome], failing: int, pending: int, rules: ValidationRules
) -> str | None:
    """Return why the batch must stop: a check without an answer, bad vectors, or many bad documents.

    One bad vector is its document's misfortune, unless it has another length: then another model made it.
    """
    for outcome in outcomes:
        if outcome.fault:
            return f"{outcome.expectation.name} could not be evaluated: {outcome.fault}"
    for outcome in outcomes:
        if outcome.expectation.subject != "vector":
            continue
        bad, total = len(outcome.uris), outcome.element_count
        another_model = outcome.expectation.column == "dimensions"
        if bad > (0 if another_model else max(1, rules.most_bad_vectors * total)):
            return f"{bad} of {total} new vectors fail {outcome.expectation.name}; check the embedding model"
    if pending >= _FEWEST_JUDGED and failing > rules.most_failing * pending:
        return f"{failing} of {pending} documents fail validation; look at the results before you run it again"
    return None


def _result(outcome: checkpoint.Outcome) -> ExpectationResult:
    by_document = Counter(outcome.uris)
    named = ", ".join(uri for uri, _ in by_document.most_common(_NAMED))
    more = f" and {len(by_document) - _NAMED} more" if len(by_document) > _NAMED else ""
    return ExpectationResult(
        expectation=outcome.expectation.name,
        scope=outcome.expectation.subject,
        is_successful=not (outcome.uris or outcome.fault),
        element_count=outcome.element_count,
        unexpected_count=len(outcome.uris),
        unexpected_uris=list(by_document),
        details=outcome.fault or f"{named}{more}",
    )
