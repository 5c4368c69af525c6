"""The page's words in its two languages; a test keeps them complete."""

from __future__ import annotations

from typing import Literal

from regesta_page.words.english import ENGLISH
from regesta_page.words.korean import KOREAN
from regesta_page.words.values import VALUES

Language = Literal["en", "ko"]
WORDS: dict[str, dict[str, str]] = {
    "en": {**{key: english for key, (english, _) in VALUES.items()}, **ENGLISH},
    "ko": {**{key: korean for key, (_, korean) in VALUES.items()}, **KOREAN},
}
