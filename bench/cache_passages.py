"""Different questions about one passage: how many would wrongly share an answer, with one yes, two, and all three."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from uuid import UUID, uuid5

from bench.cache_methods import our_vectors
from bench.cache_vectors import Vectors
from corpus import analysis
from serving.caching.canonical import canonical
from serving.caching.evidence import Evidence, tells_apart
from serving.caching.guard import compare
from serving.caching.similarity import DEFAULT_THRESHOLD, Neighbour, scores
from serving.generators import Token
from serving.generators.extractive import ExtractiveGenerator
from serving.retriever import Hit

FILE = Path(__file__).with_name("cache_passages.jsonl")
LOGINS = ("로그인이 안 돼요", "로그인 오류가 나요", "signin이 작동하지 않습니다", "로그인 할 수 없어요")
NOT_LOGIN = "로그인 기록을 지우고 싶어요"


class Passages:
    """Every passage with its questions, and the yeses they get."""

    def __init__(self, vectors: Vectors) -> None:
        self._embedder = vectors.embedder
        self._vectors = vectors
        self._compared = our_vectors(vectors)
        self._evidence = Evidence()
        self.rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
        texts = [text for row in self.rows for text in (*row["questions"], row["again"])] + [*LOGINS, NOT_LOGIN]
        vectors.add([*texts, *map(canonical, texts)])

    async def yeses(self, passage: str, stored: str, asked: str) -> int:
        """Return how many of the three yeses a question gets, in order, for the answer stored for another."""
        similarity = float(self._compared(stored) @ self._compared(asked))
        is_same = canonical(stored) == canonical(asked)
        if not is_same and scores([Neighbour(similarity, "")])[0] < DEFAULT_THRESHOLD:
            return 0
        if not compare(stored, asked).agrees:
            return 1
        hits = [_hit(passage)]
        if tells_apart(stored, asked, hits):
            return 2
        generator = ExtractiveGenerator(lambda: self._embedder)
        pieces = [piece async for piece in generator.stream(stored, hits)]
        text = "".join(piece.text for piece in pieces if isinstance(piece, Token))
        rests_on = await self._evidence.rests_on(self._embedder, text, hits)
        form = canonical(asked)
        best = await self._evidence.best(self._embedder, form, self._embedder.embed([form], "query")[0], hits)
        return 3 if best in rests_on else 2


async def measure(vectors: Vectors) -> dict[str, int]:
    """Return how many of the pairs of different questions get one yes, two, three; and of those that say the same."""
    passages = Passages(vectors)
    wrong, right = [], []
    for row in passages.rows:
        for stored, asked in permutations(row["questions"], 2):
            wrong.append(await passages.yeses(row["passage"], stored, asked))
        right.append(await passages.yeses(row["passage"], row["questions"][0], row["again"]))
    return {
        "pairs of different questions about one passage": len(wrong),
        "false hits, similarity alone": sum(count >= 1 for count in wrong),
        "false hits, two yeses": sum(count >= 2 for count in wrong),
        "false hits, three yeses": sum(count == 3 for count in wrong),
        "pairs of questions that say the same": len(right),
        "right hits, three yeses": sum(count == 3 for count in right),
    }


def logins_apart() -> int:
    """Return how many of four ways to say that login fails are not one entry, or are one with another question."""
    apart = sum(canonical(text) != canonical(LOGINS[0]) or not compare(LOGINS[0], text).agrees for text in LOGINS)
    return apart + sum(compare(text, NOT_LOGIN).agrees for text in LOGINS)


def _hit(passage: str) -> Hit:
    one = uuid5(UUID(int=0), passage)
    return Hit(
        1, one, "u", "t", "s", analysis.language(passage), 1, one, one, 0, None, [], "text", passage, 1.0, 1, 1, 0.9
    )
