"""Questions whose answer nobody else may get, or that will have another answer soon: they are never cached."""

from __future__ import annotations

import re
import unicodedata

_PERSONAL = re.compile(
    r"(?:^|\s)(?:나|저|내|제|우리|저희)(?:는|은|가|의|를|을|도|한테|에게|만|랑|와|과)?(?=\s)|(?:^|\s)(?:내게|제게|나의|저의|본인)"
    r"|\b(?:my|mine|myself|our|ours|me|we|us)\b|\bi(?:['’](?:m|ve|d|ll)| am| was| have| had)\b"
)
_IMPERSONAL_REQUEST = re.compile(r"\b(?:tell|show|help|give|let|teach|explain to|remind) (?:me|us)\b")
_TIME_BOUND = re.compile(
    r"지금|현재|오늘|어제|내일|이번 ?(?:주|달)|방금|아까|요즘|최근|당장"
    r"|\b(?:now|today|tonight|yesterday|tomorrow|currently|current(?! version)"
    r"|right now|at the moment|this (?:week|month|morning)"
    r"|latest|recently|so far)\b"
)


def why_not_cached(question: str) -> str | None:
    """Return why a question's answer is neither stored nor looked up: personal, time-bound; None when it may be."""
    text = unicodedata.normalize("NFKC", question).casefold()
    if _TIME_BOUND.search(text):
        return "time-bound"
    if _PERSONAL.search(_IMPERSONAL_REQUEST.sub(" ", text)):
        return "personal"
    return None
