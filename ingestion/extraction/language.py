"""Which language a document is in: Korean and English by their letters, others where it is clear."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from corpus import analysis

UNDETERMINED = "und"
"""ISO 639-2 for a text whose script none of our languages is written in."""

_SAMPLE = 20_000  # characters
_SHARE = 0.2  # of the letters: technical writing is full of Latin words, so a script need not be the majority
_LANGUAGES = {  # of a script, the most likely first
    "HANGUL": ("ko",),
    "KANA": ("ja",),
    "CJK": ("zh",),
    "CYRILLIC": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg"),
    "ARABIC": ("ar", "fa", "ur", "ps"),
    "HEBREW": ("he", "yi"),
    "DEVANAGARI": ("hi", "mr", "ne"),
    "GREEK": ("el",),
    "THAI": ("th",),
    "ARMENIAN": ("hy",),
    "GEORGIAN": ("ka",),
    "BENGALI": ("bn",),
    "TAMIL": ("ta",),
    "TELUGU": ("te",),
    "GUJARATI": ("gu",),
    "GURMUKHI": ("pa",),
    "KANNADA": ("kn",),
    "MALAYALAM": ("ml",),
}
_NOT_LATIN = {language for languages in _LANGUAGES.values() for language in languages}
_CODE = re.compile(r"[a-z]{2}(?=[-_]|$)")
_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH = frozenset("the and that with this are from which you your will be it by".split())  # noqa: SIM905
_ENGLISH_SHARE = 0.06  # of the words; prose has twice as many
_CERTAIN = 0.99
_FEWEST_WORDS = 8  # different ones; fewer say nothing certain


def detect(text: str, declared: str | None = None) -> str:
    """Return the ISO 639-1 code of a text's language, or `UNDETERMINED`.

    Korean is what `corpus.analysis.language` takes for Korean. Text in another script than Latin is named after
    it. Latin text is English unless it is clearly something else; so is text without letters.

    Args:
        declared: What the file says (`de`, `en-US`). It decides between languages of one script only: page
            templates often declare English over Korean text.
    """
    sample = unicodedata.normalize("NFKC", text[:_SAMPLE])
    if analysis.language(sample) == "ko":
        return "ko"
    claim = _CODE.match((declared or "").lower())
    script = _script(sample)
    if script != "LATIN":
        return _choose(_LANGUAGES.get(script, ()), claim.group() if claim else None, sample)
    if claim and claim.group() not in _NOT_LATIN:
        return claim.group()
    return _latin(sample)


def _script(text: str) -> str:
    """Return the script of the largest share of letters, Latin only when no other has its share."""
    counts: Counter[str] = Counter()
    for letter, count in Counter(filter(str.isalpha, text)).items():
        name = unicodedata.name(letter, "UNKNOWN").split()[0]
        counts["KANA" if name in ("HIRAGANA", "KATAKANA") else name] += count
    latin = counts.pop("LATIN", 0)
    total = counts.total()
    if counts["KANA"] > _SHARE * counts["CJK"]:  # Japanese mixes kana and Chinese characters
        counts["KANA"] += counts.pop("CJK", 0)
    script, count = max(counts.items(), key=lambda item: item[1], default=("LATIN", 0))
    return script if count and count >= _SHARE * (total + latin) else "LATIN"


def _choose(languages: tuple[str, ...], claim: str | None, text: str) -> str:
    if len(languages) < 2:
        return languages[0] if languages else UNDETERMINED
    if claim in languages:
        return str(claim)
    guess, _ = _guess(text)
    return guess if guess in languages else languages[0]


def _latin(text: str) -> str:
    words = _WORD.findall(text.lower())
    if len({word for word in words if len(word) > 2}) < _FEWEST_WORDS:
        return "en"
    if sum(word in _ENGLISH for word in words) >= _ENGLISH_SHARE * len(words):
        return "en"
    guess, certainty = _guess(text)
    return guess if certainty >= _CERTAIN else "en"


def _guess(text: str) -> tuple[str, float]:
    """Ask langdetect (naive Bayes over character n-grams), with a fixed seed: it draws samples."""
    from langdetect import DetectorFactory, LangDetectException, detect_langs

    DetectorFactory.seed = 0
    try:
        best = detect_langs(text)[0]
    except LangDetectException:  # nothing it could count
        return UNDETERMINED, 0.0
    return best.lang.partition("-")[0], best.prob
