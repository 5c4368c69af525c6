"""Names in English text: spaCy's small model, and filters for what it takes wrongly for names.

The model was trained on news and conversation. In manuals it takes commands, headings and product words for
people and companies; the filters ask how a name is written and what stands beside it, and prefer to miss one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, Literal, NamedTuple

from ingestion.extraction import gazetteer
from ingestion.extraction.entities import Entities, ranked
from ingestion.extraction.linguistics import named
from ingestion.extraction.name_candidates import CAPITALISED, HONORIFIC, LINKING, WHERE, small_words, worth_reading

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

Kind = Literal["people", "organisations", "places"]
_KINDS: dict[str, Kind] = {"PERSON": "people", "ORG": "organisations", "GPE": "places", "LOC": "places"}
_MAJORITY = 0.6  # of the model's verdicts on one name in one document
_AFTER_HONORIFIC = re.compile(rf"\b{HONORIFIC}$")
_BEFORE = re.compile(rf"^(?:[Tt]he\s+|{HONORIFIC})+")
_AFTER = re.compile(r"(?:['’]s?|[.,;:])$")
_ORGANISATION = frozenset(
    """
    agency airlines association bank board bureau college commission committee company co corp corporation council
    court department electronics entertainment federation foundation gmbh group holdings hospital inc industries
    institute insurance international laboratories llc ltd media ministry museum orchestra partners party
    pharmaceuticals plc press school services society software solutions union university works
    """.split()  # noqa: SIM905
)


class _Mention(NamedTuple):
    """A name where it stands; `has_cue` says that its neighbours or a word in it confirm its kind."""

    name: str
    kind: Kind
    has_cue: bool


def find(texts: Sequence[str]) -> Entities:
    """Return the names of a document that the model sorts alike in most places.

    People need a first and a last name, or an honorific. Places need to be known, or to stand where places do.
    Organisations need a word that only they have (Bank, Inc), or two words and two mentions.
    """
    ordinary = small_words(texts)
    docs = named(worth_reading(texts, ordinary))
    mentions = [mention for mention in _mentions(docs) if not _is_ordinary(mention, ordinary)]
    votes: dict[str, Counter[Kind]] = defaultdict(Counter)
    for mention in mentions:
        votes[mention.name][mention.kind] += 1
    cued = {(mention.name, mention.kind) for mention in mentions if mention.has_cue}

    def agreed(kind: Kind) -> tuple[str, ...]:
        names = [mention.name for mention in mentions if mention.kind == kind]
        return ranked(
            name
            for name in names
            if votes[name][kind] >= _MAJORITY * votes[name].total()
            and ((name, kind) in cued or (kind == "organisations" and " " in name and votes[name][kind] > 1))
        )

    return Entities(agreed("people"), agreed("organisations"), agreed("places"))


def _mentions(docs: Iterator[Doc]) -> Iterator[_Mention]:
    for doc in docs:
        for span in doc.ents:
            kind = _KINDS.get(span.label_)
            name = _AFTER.sub("", _BEFORE.sub("", " ".join(span.text.split())))
            if kind and _is_written_like_a_name(name.split()):
                yield _Mention(name, kind, _has_cue(kind, name, span))


def _is_written_like_a_name(words: Sequence[str]) -> bool:
    capitalised = [word for word in words if CAPITALISED.fullmatch(word.removesuffix("."))]
    linking = sum(word in LINKING for word in words)
    return bool(capitalised) and len(words) <= 6 and len(capitalised) + linking == len(words)


def _has_cue(kind: Kind, name: str, span: Span) -> bool:
    words = name.split()
    if kind == "people":
        titled = _AFTER_HONORIFIC.search(span.doc.text[: span.start_char]) or _BEFORE.match(span.text)
        whole = [word for word in words if len(word) > 2 and not word.isupper()]
        return len(words) < 5 and len(whole) > (0 if titled else 1) and words[-1] in whole
    if kind == "organisations":
        return len(words) > 1 and any(word.lower().strip(".") in _ORGANISATION for word in words)
    stands_there = span.start > 0 and span.doc[span.start - 1].lower_ in WHERE
    is_numbered = span.end < len(span.doc) and span.doc[span.end].text[0].isdigit()  # Listing 3-1
    is_acronym = any(len(word) > 1 and word.isupper() for word in words)
    return name in gazetteer.places("en") or (stands_there and not is_numbered and not is_acronym)


def _is_ordinary(mention: _Mention, ordinary: Set[str]) -> bool:
    """Whether the document also writes the words small: any of a person's, all of another name's."""
    small = [word.lower() in ordinary for word in mention.name.split() if word not in LINKING]
    return any(small) if mention.kind == "people" else all(small)
