"""Personal data: precision and recall by type in English and Korean, false alarms in clean text, speed.

English: `presidio-pii`, sentences by templates and Faker. The first half of the file was for development, figures
are of the second half. Korean: sentences of `bench.pii_korean`, with templates and labels that were not used for
development. A finding is right when its type is and it shares at least half of the longer of the two spans;
`exact` counts only equal spans. Clean text: two editions of a programming book and the example corpus, parsed.
"""

from __future__ import annotations

import json
import lzma
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from bench.data import folder
from bench.pii_korean import HELD_OUT, Sample, Span, samples
from bench.pii_score import Score, table
from bench.report import Bar, report
from corpus.media_types import media_type
from corpus.settings import ROOT
from ingestion import parsing
from ingestion.items import Element, ElementKind
from ingestion.masking import DEFAULT_TYPES, TYPES, Finding, find

if TYPE_CHECKING:
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

PRESIDIO_TYPES = {
    "CREDIT_CARD": "CARD", "PHONE_NUMBER": "PHONE", "EMAIL_ADDRESS": "EMAIL", "IBAN_CODE": "IBAN", "US_SSN": "US_SSN",
    "US_DRIVER_LICENSE": "DRIVING_LICENCE", "IP_ADDRESS": "IP_ADDRESS", "PERSON": "PERSON", "GPE": "PLACE",
    "DATE_TIME": "DATE",
}  # fmt: skip
"""Its names and ours. Streets, postcodes, organisations, titles, ages, nationalities and domains are not claimed."""

KOREAN_BARS = ("RESIDENT_NUMBER", "FOREIGNER_NUMBER", "BUSINESS_NUMBER", "CARD", "PHONE", "EMAIL")
ENGLISH_BARS = frozenset({"CARD", "EMAIL", "IBAN", "US_SSN", "IP_ADDRESS"})
SENTENCES = 2000


def run(repeats: int) -> bool:
    """Measure accuracy once, for nothing in it varies, and speed `repeats` times."""
    console = Console()
    figures: dict[str, object] = {}
    bars: dict[str, Bar] = {}
    sentences = samples(HELD_OUT, SENTENCES, seed=11)
    korean = _score(sentences, DEFAULT_TYPES, lambda text: find(text, _kind(text)))
    console.print(table(f"Korean, {SENTENCES} sentences of held-out templates", korean))
    figures |= _figures("ko", korean)
    figures |= _figures("presidio's own recogniser: ko", _score(sentences, {"PHONE"}, _peer))
    bars |= _bars("Korean", korean, KOREAN_BARS)
    if data := folder("presidio-pii"):
        half = list(_presidio(data / "synth_dataset_v2.json"))
        for title, types in (("", DEFAULT_TYPES), (", types that are off by default", TYPES - DEFAULT_TYPES)):
            english = _score(half, types, partial(find, types=types))
            console.print(table(f"English, {len(half)} texts (second half of presidio-pii){title}", english))
            figures |= _figures("en", english)
            bars |= _bars("English", english, ENGLISH_BARS & english.types.keys())
        figures |= _figures("presidio's own recogniser: en", _score(half, {"PHONE"}, _peer))
    for name, elements in _clean_texts():
        clean_figures, clean_bars = _clean(name, elements, repeats)
        figures |= clean_figures
        bars |= clean_bars
    return report("pii", figures, bars)


def _score(texts: Iterable[Sample], types: Set[str], look: Callable[[str], Sequence[Finding]]) -> Score:
    """Compare findings with what is there of some types."""
    score = Score()
    for sample in texts:
        spans = tuple(span for span in sample.spans if span.type in types)
        score.add(Sample(sample.text, spans, sample.has_label), look(sample.text))
    return score


def _peer(text: str) -> list[Finding]:
    """Look for phone numbers as presidio does when nothing is set, Korea added to its regions."""
    found = _presidio_phones().analyze(text, ["PHONE"])
    return [Finding("PHONE", each.start, each.end, each.score) for each in found]


@cache
def _presidio_phones() -> PhoneRecognizer:
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

    regions = ("KR", *PhoneRecognizer.DEFAULT_SUPPORTED_REGIONS)
    return PhoneRecognizer(supported_entity="PHONE", supported_regions=regions)


def _kind(text: str) -> ElementKind:
    return "table" if text.startswith("|") else "text"


def _presidio(path: Path) -> Iterator[Sample]:
    records = json.loads(path.read_text(encoding="utf-8"))
    for record in records[len(records) // 2 :]:
        spans = (
            Span(PRESIDIO_TYPES[span["entity_type"]], span["start_position"], span["end_position"])
            for span in record["spans"]
            if span["entity_type"] in PRESIDIO_TYPES
        )
        yield Sample(record["full_text"], tuple(spans))


def _figures(language: str, score: Score) -> dict[str, str]:
    figures = {}
    for name, counts in sorted(score.types.items()):
        if ":" not in name and counts.there:
            shown = f"{counts.precision:.3f}, {counts.recall:.3f}, {counts.there}"
            figures[f"{language} {name}: precision, recall, of"] = shown
        elif counts.alarms:
            figures[f"{language} {name}: wrong findings, for there are none"] = str(counts.alarms)
    return figures


def _bars(language: str, score: Score, types: Collection[str]) -> dict[str, Bar]:
    bars = {}
    for name in sorted(types):
        counts = score.types[name]
        is_split = score.has_bare
        missed = 1 - (counts.labelled_recall if is_split else counts.recall)
        bars[f"{language} {name}: share missed" + ", beside a label" * is_split] = Bar(round(missed, 4), 0.05)
        bars[f"{language} {name}: share of findings that are wrong"] = Bar(round(1 - counts.precision, 4), 0.05)
    return bars


def _clean_texts() -> Iterator[tuple[str, list[Element]]]:
    for name in ("rust-book-en", "rust-book-ko"):
        if data := folder(name):
            yield name, [element for text in _head(data) for element in parsing.parse(text, "text/markdown").elements]
    files = [path for path in sorted((ROOT / "examples" / "corpus").rglob("*")) if path.is_file()]
    contents = [(path.name, path.read_bytes()) for path in files]
    yield (
        "examples",
        [element for name, data in contents for element in parsing.parse(data, media_type(name, data)).elements],
    )


def _head(data: Path) -> Iterator[bytes]:
    """Give the files of the newest commit."""
    rows = (data / "head_snapshot.tsv").read_text(encoding="utf-8").splitlines()[1:]
    live = {row.split("\t")[1] for row in rows}
    with lzma.open(data / "blobs.jsonl.xz", "rt", encoding="utf-8") as lines:
        for blob in map(json.loads, lines):
            if blob["blob"] in live and blob["text"].strip():
                yield blob["text"].encode()


def _clean(name: str, elements: list[Element], repeats: int) -> tuple[dict[str, object], dict[str, Bar]]:
    """Count what is found where nobody's data is, and how fast nothing is found."""
    characters = sum(len(element.text) for element in elements)
    speeds = []
    for _ in range(repeats):
        started = time.process_time()
        alarms = Counter(finding.type for finding in _all(elements))
        speeds.append(characters / 1e6 / (time.process_time() - started))
    rate = sum(alarms.values()) / characters * 1e5
    figures: dict[str, object] = {
        f"{name}: false alarms in {characters:,} characters": dict(alarms) or "none",
        f"{name}: million characters per CPU-second": speeds,
    }
    bars = {
        f"{name}: false alarms per 100,000 characters": Bar(round(rate, 3), 0.5),
        f"{name}: CPU-seconds per million characters, worst": Bar(round(1 / min(speeds), 3), 1),
    }
    return figures, bars


def _all(elements: Iterable[Element]) -> Iterator[Finding]:
    for element in elements:
        yield from find(element.text, element.kind)
