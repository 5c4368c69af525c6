"""Where an embedding model puts the cosines of what belongs together and of what does not: measured on a few pairs.

Cosines of two models cannot be compared: one puts everything between .75 and .95, another between 0 and .7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from corpus.embedding import Embedder

_ENGLISH = (
    ("How long does the ferry to the island take?", "The crossing to the island takes 50 minutes by ferry."),
    ("Who painted the ceiling of the old library?", "Its ceiling was painted by Clara Weiss in 1781."),
    ("At what temperature should the cheese be stored?", "Keep the cheese at 8 degrees, wrapped in paper."),
    ("How do I change the battery of the smoke alarm?", "Turn the alarm to the left and replace its battery."),
    ("What does a monthly ticket for the swimming pool cost?", "A monthly ticket for the pool costs 32 euros."),
    ("When was the bridge over the river opened?", "The river bridge was opened to traffic in May 1962."),
    ("Which vaccine does a puppy need first?", "Puppies get their first vaccination against parvovirus."),
    ("Why do the leaves of my tomato plant turn yellow?", "Tomato leaves yellow when the soil stays too wet."),
)
_KOREAN = (
    ("섬까지 배로 얼마나 걸려요?", "섬까지는 배로 50분 걸립니다."),
    ("옛 도서관 천장화는 누가 그렸나요?", "천장의 그림은 1781년에 김홍도의 제자가 그렸다."),
    ("치즈는 몇 도에서 보관해야 하나요?", "치즈는 종이에 싸서 8도에서 보관하십시오."),
    ("화재 경보기 건전지는 어떻게 갈아요?", "경보기를 왼쪽으로 돌려 빼고 건전지를 교체합니다."),
    ("수영장 한 달 이용권은 얼마예요?", "수영장 월 이용권은 4만 5천 원입니다."),
    ("강을 건너는 다리는 언제 개통됐나요?", "강의 다리는 1962년 5월에 개통되었다."),
    ("강아지는 어떤 예방 접종을 제일 먼저 맞아요?", "강아지는 파보바이러스 예방 접종을 먼저 받습니다."),
    ("토마토 잎이 왜 노랗게 변하나요?", "흙이 계속 젖어 있으면 토마토 잎이 노래집니다."),
)
"""Questions with the sentence that answers each; the answers of the others do not."""
REACH = 1.25
"""How far beyond the mean answer a cosine counts in full; with it, models as unlike as E5, a universal sentence encoder
and MiniLM answer and refuse alike (`examples/questions.jsonl`), E5 as it did with a band set by hand."""

_measured: WeakKeyDictionary[Embedder, Band] = WeakKeyDictionary()


@dataclass(frozen=True)
class Band:
    """Mean cosines of a question with sentences that have nothing to do with it, and with the one that answers it."""

    unrelated: float
    answer: float

    def place(self, cosine: float) -> float:
        """Return where a cosine lies, from 0, unrelated, to 1, as near as answers are."""
        return min(max((cosine - self.unrelated) / (REACH * max(self.answer - self.unrelated, 1e-3)), 0.0), 1.0)


def band_of(embedder: Embedder) -> Band:
    """Return a model's band, measured when it is first asked for: some 30 short texts are embedded.

    Raises:
        EmbeddingError: The model cannot be asked.
    """
    if embedder not in _measured:
        _measured[embedder] = measure(embedder)
    return _measured[embedder]


def measure(embedder: Embedder) -> Band:
    """Return a model's band, of both languages together.

    Raises:
        EmbeddingError: The model cannot be asked.
    """
    unrelated, answer = np.mean([_means(embedder, pairs) for pairs in (_ENGLISH, _KOREAN)], axis=0)
    return Band(float(unrelated), float(answer))


def _means(embedder: Embedder, pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    asked = embedder.embed([question for question, _ in pairs], "query")
    cosines = asked @ embedder.embed([answer for _, answer in pairs], "passage").T
    return float(cosines[~np.eye(len(pairs), dtype=bool)].mean()), float(cosines.diagonal().mean())
