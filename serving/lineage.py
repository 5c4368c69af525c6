"""From a sentence of an answer to the bytes it rests on: citation, passage, version, raw object, run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from corpus import analysis
from serving.access import Pool, Scope, scoped
from serving.feedback import find_answer
from sql import queries

_CITATION = re.compile(r"\[(\d{1,2})\]")
_ONLY_CITATIONS = re.compile(r"(?:\s*\[\d{1,2}\])+[.。]?")


@dataclass(frozen=True)
class Sentence:
    """A sentence of an answer, and the numbers of the sources it cites."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True)
class Lineage:
    """Where an answer comes from.

    Attributes:
        is_withheld: Something it rests on is not the reader's to see any more, so its text is not shown.
        citations: One row per cited source, as `serving.answer_lineage` returns it.
    """

    answer: dict[str, Any]
    is_withheld: bool
    sentences: Sequence[Sentence]
    citations: Sequence[dict[str, Any]]


async def trace(pool: Pool, scope: Scope, answer_id: UUID) -> Lineage:
    """Return the lineage of an answer.

    Raises:
        NotFound: There is no such answer that the scope may look into.
    """
    answer = await find_answer(pool, scope, answer_id)
    async with scoped(pool, scope) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries("answers")["lineage"], {"answer_id": answer_id})
        citations = await cursor.fetchall()
    is_withheld = any(row["evidence"] == "hidden" for row in citations)
    return Lineage(answer, is_withheld, () if is_withheld else sentences(answer["text"]), citations)


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of an answer with what each cites; a citation behind the full stop belongs before it."""
    found: list[Sentence] = []
    for part in analysis.sentences(text):
        leading = _ONLY_CITATIONS.match(part)
        if leading and found:
            found[-1] = _sentence(f"{found[-1].text} {leading[0].strip()}")
            part = part[leading.end() :].strip()
        if part:
            found.append(_sentence(part))
    return found


def _sentence(text: str) -> Sentence:
    return Sentence(text, tuple(dict.fromkeys(int(number) for number in _CITATION.findall(text))))
