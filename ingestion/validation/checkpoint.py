"""The Great Expectations checkpoint: one suite per subject, run in memory over one table of rows."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.validation.expectations import Expectation
from ingestion.validation.rows import Row

_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["uri"],
    "exclude_unexpected_values": True,  # results are kept and shown; a document's text is not for them
}


@dataclass(frozen=True)
class Outcome:
    """How one expectation ended.

    Attributes:
        uris: Of the rows that do not meet it, one entry per row.
        fault: Why it could not be evaluated, which says nothing about the rows; None when it was.
    """

    expectation: Expectation
    element_count: int
    uris: tuple[str, ...] = ()
    fault: str | None = None


def run(expectations: Sequence[Expectation], rows: Sequence[Row]) -> list[Outcome]:
    """Evaluate every expectation over the rows of its subject, in the given order.

    An expectation that raised, or that did not look at every row, has a `fault`: Great Expectations reports the
    first as one that failed, and takes missing values for good ones.
    """
    checkpoint, frame = _checkpoint(expectations, rows)
    run_results = checkpoint.run(batch_parameters={"dataframe": frame}).run_results.values()
    results = {
        result.expectation_config.meta["name"]: result for validation in run_results for result in validation.results
    }
    counts = {subject: sum(row["subject"] == subject for row in rows) for subject in ("document", "chunk", "vector")}
    return [
        _outcome(expectation, results.get(expectation.name), counts[expectation.subject])
        for expectation in expectations
    ]


def _checkpoint(expectations: Sequence[Expectation], rows: Sequence[Row]) -> tuple[Any, Any]:
    """Return the checkpoint and the table it is to run over; nothing of them is stored."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    import pandas as pd
    from great_expectations import expectations as checks
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.row_conditions import Column

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    table = context.data_sources.add_pandas("staged").add_dataframe_asset("batch")
    everything = table.add_batch_definition_whole_dataframe("rows")
    suites: dict[str, list[Any]] = defaultdict(list)
    for expectation in expectations:
        check = getattr(checks, expectation.check)(
            column=expectation.column,
            row_condition=Column("subject") == expectation.subject,
            meta={"name": expectation.name},
            **expectation.arguments,
        )
        suites[expectation.subject].append(check)
    definitions = []
    for subject, suite_checks in suites.items():
        suite = context.suites.add(gx.ExpectationSuite(name=f"{subject}s", expectations=suite_checks))
        definition = gx.ValidationDefinition(name=f"{subject}s", data=everything, suite=suite)
        definitions.append(context.validation_definitions.add(definition))
    checkpoint = gx.Checkpoint(name="before_publish", validation_definitions=definitions, result_format=_FORMAT)
    columns = dict.fromkeys(["subject", "uri", *(expectation.column for expectation in expectations)])
    return context.checkpoints.add(checkpoint), pd.DataFrame(rows, columns=list(columns))


def _outcome(expectation: Expectation, result: Any, row_count: int) -> Outcome:
    if result is None:
        return Outcome(expectation, row_count, fault="it has no result")
    if messages := _exceptions(result.exception_info or {}):
        return Outcome(expectation, row_count, fault="; ".join(messages)[:500])
    found = result.result
    seen = found["element_count"] - found.get("missing_count", 0)
    uris = tuple(uri for group in found.get("unexpected_index_list") or () for uri in group["uri"])
    if seen != row_count or len(uris) != found["unexpected_count"] or bool(uris) == result.success:
        fault = f"{seen} of {row_count} rows were looked at, {len(uris)} of {found['unexpected_count']} bad ones named"
        return Outcome(expectation, row_count, fault=fault)
    return Outcome(expectation, row_count, uris)


def _exceptions(info: Mapping[str, Any]) -> list[str]:
    """Return what was raised; the information is one entry, or one per metric that raised."""
    entries: Iterable[Any] = [info] if "raised_exception" in info else info.values()
    return [str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")]
