"""Names in Korean text: Kiwi's proper nouns, sorted by the cues Korean gives them.

No trained recogniser of Korean names ships in a package. Kiwi knows which nouns are proper, not what they name;
the kind is told by an ending (은행, 시), a word beside it (주식회사, 팀장) or a list. What has no cue is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingestion.extraction import gazetteer
from ingestion.extraction.entities import Entities, ranked
from ingestion.extraction.korean_cues import (
    COMPANY_AFTER,
    COMPANY_BEFORE,
    FAMILY_NAMES,
    NOT_PEOPLE,
    ORGANISATION,
    PROVINCES,
    PUBLIC_BODIES,
    REGION,
    ROLE,
    STATION,
    TITLES,
    WARD,
)
from ingestion.extraction.linguistics import morphemes, nouns

if TYPE_CHECKING:
    from kiwipiepy import Token

_TITLE_TAGS = frozenset({"NNG", "NNB", "NNP", "XSN"})
_VERBAL = frozenset({"XSV", "XSA"})  # 이사 is a director, 이사하다 is to move house


def find(texts: Sequence[str]) -> Entities:
    """Return the names of a document's paragraphs, each with the cue its kind needs.

    Missed: people without title or role beside them, companies known by their name alone, places that are no
    country, large city or administrative unit.
    """
    paragraphs = tuple(texts)
    organisations: list[str] = []
    people: list[str] = []
    places: list[str] = []
    for text, tokens in zip(paragraphs, morphemes(paragraphs), strict=True):
        starts = {token.start: token for token in reversed(tokens)}
        region_end = -2  # nowhere
        for noun in nouns(tokens):
            name = text[noun[0].start : noun[-1].end]
            if _is_organisation(text, noun, name):
                organisations.append(name)
            elif REGION.fullmatch(name) or (WARD.fullmatch(name) and noun[0].start == region_end + 1):
                places.append(name)
                region_end = noun[-1].end
            elif person := _person(text, noun, starts):
                people.append(person)
            else:
                places += _known_places(noun)
    return Entities(ranked(people), ranked(organisations), ranked(places))


def _is_organisation(text: str, noun: Sequence[Token], name: str) -> bool:
    is_proper = any(token.tag in ("NNP", "SL") for token in noun)
    if name in PUBLIC_BODIES or (is_proper and ORGANISATION.fullmatch(name)):
        return True
    before = COMPANY_BEFORE.search(text[max(noun[0].start - 6, 0) : noun[0].start])
    is_marked = COMPANY_AFTER.match(text, noun[-1].end) or (before and (is_proper or before.group().startswith("(")))
    return bool(is_marked) and len(name) > 1 and name[0].isalpha()


def _known_places(noun: Sequence[Token]) -> Iterator[str]:
    """Return the places a noun is made of: 부산+센터, 판교역."""
    for token in noun:
        is_known = token.form in PROVINCES or token.form in gazetteer.places("ko") or STATION.fullmatch(token.form)
        if token.tag == "NNP" and is_known:
            yield token.form


def _person(text: str, noun: Sequence[Token], starts: dict[int, Token]) -> str | None:
    """Return a family name with a given name that has a title after it or a role before it."""
    start, end = noun[0].start, noun[0].end
    if noun[0].tag == "NNP" and len(noun) > 1 and noun[0].form in FAMILY_NAMES and noun[1].tag == "NNP":
        end = noun[1].end
    name = text[start:end]
    if noun[0].tag != "NNP" or not _is_full_name(name):
        return None
    return name if _has_title(text, end, starts) or ROLE.search(text[max(start - 6, 0) : start]) else None


def _is_full_name(name: str) -> bool:
    is_other = name in NOT_PEOPLE or name in gazetteer.places("ko")
    return not is_other and any(name.startswith(family) and len(name) == len(family) + 2 for family in FAMILY_NAMES)


def _has_title(text: str, position: int, starts: dict[int, Token]) -> bool:
    """Whether the noun at a position, one blank skipped, is a title."""
    start = end = position + text[position : position + 1].isspace()
    while (token := starts.get(end)) and token.tag in _TITLE_TAGS and token.len:
        end = token.end
    following = starts.get(end)
    word = text[start:end]
    return (word in TITLES or word.removesuffix("님") in TITLES) and not (following and following.tag in _VERBAL)
