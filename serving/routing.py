"""Which model writes an answer: the light one, or the strong one for a question that needs thought."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Literal

from serving.prompt import Turn
from serving.retriever import Hit

Tier = Literal["light", "strong"]
LONG = 600
"""Characters from which a question is a task and no look-up."""

_COMPARE = re.compile(
    r"\b(?:compare|comparison|differ\w*|versus|vs|trade-?offs?|pros and cons|better|instead of|rather than|both)\b"
    r"|비교|차이|다른 ?점|장단점|대비|더 (?:나은|좋|유리)|각각|서로",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"\b(?:why|explain|reasons?|cause[ds]?|implications?|consequences?|impact|affect\w*|analy[sz]e|evaluate|assess"
    r"|recommend|should we|what if|justify)\b"
    r"|왜|이유|원인|설명|영향|분석|평가|추천|따져|만약|어떤 결과|근거",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\b(?:summari[sz]e|overview|plan|design|draft|step[- ]by[- ]step|every step|all (?:the )?steps|list all|outline"
    r"|in order|calculate|add up|in total|altogether|combine[ds]?|across)\b"
    r"|요약|정리|계획|설계|단계별|순서대로|전부|모두|계산|합(?:치|하)면|합계|총 |종합|초안",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,;:]|\b(?:and|but|while|whereas|if|when|then|because|although|given|so that)\b"
    r"|(?:하고|이고|지만|는데|면서|하며|때문에|라면|다면|그리고|또한|하지만)(?=[\s,]|$)",
    re.IGNORECASE,
)

INTERCEPT = -2.97
WEIGHTS = (3.29, 2.47, 0.02, 1.66, 1.84, 2.28, 0.0)
"""Of the fields of `Features`: logistic regression, fitted by `make bench-routing` on `examples/routing.jsonl`."""


@dataclass(frozen=True)
class Features:
    """What tells an involved question from a look-up; every field lies between 0 and about 1.

    Attributes:
        length: Words beyond ten; Korean packs about twice as much into one.
        clauses: Joints between clauses beyond the first.
        parts: Questions beyond the first in one text.
        compares, reasons, plans: Whether such words stand in it.
        spread: How evenly the passages' scores fall off: 1 when all score alike, so that none alone answers.
    """

    length: float
    clauses: float
    parts: float
    compares: float
    reasons: float
    plans: float
    spread: float


@dataclass(frozen=True)
class Route:
    """Where a question goes, how complex it looks (0 to 1), and why, in words for the log."""

    tier: Tier
    score: float
    reason: str


def route(question: str, hits: Sequence[Hit], history: Sequence[Turn], threshold: float) -> Route:
    """Choose a tier: rules first, for what needs no weighing; then the score against the threshold."""
    if not hits:
        return Route("light", 0.0, "nothing was found to think about")
    if len(question) >= LONG:
        return Route("strong", 1.0, f"{len(question)} characters are a task")
    found = features(question, hits)
    score = complexity(found)
    named = [name for name, value in vars(found).items() if value >= 0.5 and name != "spread"]
    why = f"score {score:.2f} {'≥' if score >= threshold else '<'} {threshold:g}"
    return Route("strong" if score >= threshold else "light", score, f"{why} ({', '.join(named) or 'plain'})")


def features(question: str, hits: Sequence[Hit] = ()) -> Features:
    """Return the features of a question and of what was found for it."""
    hangul = sum("가" <= character <= "힣" for character in question) > len(question) / 5
    words = len(question.split()) * (2 if hangul else 1)
    asked = len(re.findall(r"[?？]+", question))
    return Features(
        length=min(max(words - 10, 0) / 20, 1.5),
        clauses=min(max(len(_CLAUSE.findall(question)) - 1, 0) / 3, 1.5),
        parts=min(max(asked - 1, 0), 2) / 2,
        compares=float(bool(_COMPARE.search(question))),
        reasons=float(bool(_WHY.search(question))),
        plans=float(bool(_PLAN.search(question))),
        spread=_spread([hit.score for hit in hits]),
    )


def complexity(found: Features) -> float:
    """Return the fitted chance that a question is involved."""
    total = INTERCEPT + sum(weight * value for weight, value in zip(WEIGHTS, astuple(found), strict=True))
    return 1 / (1 + math.exp(-total))


def _spread(scores: Sequence[float]) -> float:
    if len(scores) < 2 or max(scores) <= 0:
        return 0.0
    return max(min(scores), 0.0) / max(scores)
