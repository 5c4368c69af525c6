"""The Great Expectations checkpoint: one suite, run in memory over one table of rows."""

from __future__ import annotations

import logging
import os
from collections import Counter
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
    [validation] = checkpoint.run(batch_parameters={"dataframe": frame}).run_results.values()
    results = {result.expectation_config.meta["name"]: result for result in validation.results}
    counts = Counter(row["subject"] for row in rows)
    return [
        _outcome(expectation, results.get(expectation.name), counts[expectation.subject])
        for expectation in expectations
    ]


def _checkpoint(expectations: Sequence[Expectation], rows: Sequence[Row]) -> tuple[Any, Any]:
    """Return the checkpoint and the table it is to run over; nothing of them is stored.

    A column is about one subject, and missing in the rows about others: those are not looked at.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    import pandas as pd
    from great_expectations import expectations as checks
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    table = context.data_sources.add_pandas("staged").add_dataframe_asset("batch")
    everything = table.add_batch_definition_whole_dataframe("rows")
    suite = gx.ExpectationSuite(
        name="batch",
        expectations=[
            getattr(checks, expectation.check)(
                column=_column(expectation.subject, expectation.column),
                meta={"name": expectation.name},
                **expectation.arguments,
            )
            for expectation in expectations
        ],
    )
    definition = gx.ValidationDefinition(name="batch", data=everything, suite=context.suites.add(suite))
    definition = context.validation_definitions.add(definition)
    checkpoint = gx.Checkpoint(name="before_publish", validation_definitions=[definition], result_format=_FORMAT)
    columns = dict.fromkeys(_column(expectation.subject, expectation.column) for expectation in expectations)
    data = [{_column(row["subject"], name): value for name, value in row.items()} | {"uri": row["uri"]} for row in rows]
    return context.checkpoints.add(checkpoint), pd.DataFrame(data, columns=["uri", *columns])


def _column(subject: str, name: str) -> str:
    return f"{subject}_{name}"


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
