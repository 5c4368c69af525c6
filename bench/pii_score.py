"""Precision and recall of findings, by type and by the way a value is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from bench.pii_korean import Sample, Span
from ingestion.masking import Finding


@dataclass
class Counts:
    """What was found of one type, or of one way to write it."""

    there: int = 0
    found: int = 0
    exact: int = 0
    labelled: int = 0
    labelled_found: int = 0
    alarms: int = 0
    right_alarms: int = 0

    @property
    def recall(self) -> float:
        """Share of what is there that was found."""
        return self.found / max(self.there, 1)

    @property
    def labelled_recall(self) -> float:
        """The same, where a word says what the number is."""
        return self.labelled_found / max(self.labelled, 1)

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 1 when nothing was."""
        return self.right_alarms / self.alarms if self.alarms else 1.0


@dataclass
class Score:
    """Counts by type, and by type and kind."""

    types: dict[str, Counts] = field(default_factory=dict)

    @property
    def has_bare(self) -> bool:
        """Whether some values have no word that says what they are."""
        return any(counts.labelled < counts.there for counts in self.types.values())

    def add(self, sample: Sample, findings: Sequence[Finding]) -> None:
        """Compare what was found in one text with what is in it."""
        for span in sample.spans:
            matches = [each for each in findings if each.type == span.type and _overlap(each, span) >= 0.5]
            names = [span.type] + [f"{span.type}: {span.kind}"] * bool(span.kind)
            for counts in map(self._of, names):
                counts.there += 1
                counts.found += bool(matches)
                counts.exact += any((each.start, each.end) == (span.start, span.end) for each in matches)
                counts.labelled += sample.has_label
                counts.labelled_found += sample.has_label and bool(matches)
        for finding in findings:
            counts = self._of(finding.type)
            counts.alarms += 1
            counts.right_alarms += any(
                span.type == finding.type and _overlap(finding, span) >= 0.5 for span in sample.spans
            )

    def _of(self, name: str) -> Counts:
        return self.types.setdefault(name, Counts())


def _overlap(finding: Finding, span: Span) -> float:
    shared = min(finding.end, span.end) - max(finding.start, span.start)
    return shared / max(finding.end - finding.start, span.end - span.start)


def table(title: str, score: Score) -> Table:
    """Return a score as a table to print; recall is told apart by labels where the texts do so."""
    columns = ("type", "there", "wrong", "precision", "recall", "exact")
    columns += ("beside a label", "bare") if score.has_bare else ()
    shown = Table(*columns, title=title, box=None, title_justify="left")
    for name, counts in sorted(score.types.items()):
        there, bare = counts.there, counts.there - counts.labelled
        cells = [
            "" if ":" in name else str(counts.alarms - counts.right_alarms),
            "" if ":" in name else f"{counts.precision:.3f}",
            f"{counts.recall:.3f}" if there else "",
            f"{counts.exact / there:.3f}" if there else "",
            f"{counts.labelled_recall:.3f}" if counts.labelled else "",
            f"{(counts.found - counts.labelled_found) / bare:.3f}" if bare else "",
        ]
        shown.add_row(name.replace(": ", " · "), str(there), *cells[: len(columns) - 2])
    return shown
