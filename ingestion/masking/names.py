"""People, places and dates, for sources whose owner wants them gone too: by the models that fill the metadata.

Metadata wants names that are right, masking wants none left: English takes everything the model marks. Korean
people need a title or a role beside them, as in the metadata, for no model that ships in a package knows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from corpus.masking.findings import Finding

_SCORE = 0.4  # below every number: a model takes many of those for a name
_LABELS = {"PERSON": "PERSON", "GPE": "PLACE", "LOC": "PLACE", "FAC": "PLACE"}
_HANGUL = re.compile("[가-힣]")
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\\.?"
_DATE = re.compile(
    r"(?<![0-9A-Za-z.-])(?:[0-9]{4}년 ?[0-9]{1,2}월(?: ?[0-9]{1,2}일)?|[0-9]{4}[-/.] ?[0-9]{1,2}[-/.] ?[0-9]{1,2}"
    rf"|[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{4}}|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)? {_MONTH},? [0-9]{{4}})(?![0-9A-Za-z]|[-./][0-9])"
)
"""Days and months of a year; bare years and weekdays name nobody."""


def find_names(text: str, types: Set[str]) -> list[Finding]:
    """Return people, places and dates in a text, as far as `types` asks for them."""
    found = [*(_korean(text) if _HANGUL.search(text) else _english(text)), *_dates(text)]
    return [
        finding
        for finding in found
        if finding.type in types and not re.search(r"[\ufffc\n]|^\W*$", text[finding.start : finding.end])
    ]


def _english(text: str) -> Iterator[Finding]:
    from ingestion.extraction.linguistics import named

    for entity in next(named((text,))).ents:
        if label := _LABELS.get(entity.label_):
            yield Finding(label, entity.start_char, entity.end_char, _SCORE)


def _korean(text: str) -> Iterator[Finding]:
    from ingestion.extraction import korean_names

    names = korean_names.find((text,))
    for label, values in (("PERSON", names.people), ("PLACE", names.places)):
        for value in values:
            for match in re.finditer(re.escape(value), text):
                yield Finding(label, *match.span(), _SCORE)


def _dates(text: str) -> Iterator[Finding]:
    for match in _DATE.finditer(text):
        yield Finding("DATE", *match.span(), _SCORE)
