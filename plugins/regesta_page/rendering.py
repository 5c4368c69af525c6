"""Turn what was read into a page: templates, the visitor's language, and the headers every page goes out with."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regesta_page.words import WORDS, Language
from regesta_page.words.phrases import advice, expectation, refusal, why

LANGUAGE_COOKIE = "regesta_language"
_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "style.css").read_text("utf-8")
HEADERS = {
    # Titles, addresses and reasons are other people's words: whatever slips through may neither run nor load.
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # no-referrer would take away the Origin that forms are checked by
    "Cache-Control": "no-store",
}


def _when(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else "–"


def _file_name(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2] or uri


_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_environment.filters["when"] = _when
_environment.filters["file_name"] = _file_name
_environment.globals["style"] = Markup(_STYLE)  # ours, and the policy above names its hash


def language_of(request: Request) -> Language:
    """Return the language the visitor chose, now or before, else the first of ours that the browser accepts."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in WORDS:
            return chosen  # type: ignore[return-value]
    for accepted in re.findall(r"[a-z]+", request.headers.get("accept-language", "").lower()):
        if accepted in WORDS:
            return accepted  # type: ignore[no-any-return]
    return "en"


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """Answer with one of the templates in the visitor's language."""
    language, base = language_of(request), root(request)
    answer = HTMLResponse(render(template, language, base, _other_language(request, language), **shown), status)
    answer.headers.update(HEADERS)
    if request.query_params.get("lang") == language:
        answer.set_cookie(LANGUAGE_COOKIE, language, path=f"{base}/", max_age=31_536_000, samesite="lax", httponly=True)
    return answer


def render(template: str, language: Language, base: str, switch: str | None = None, **shown: Any) -> str:
    """Return a template filled in.

    Args:
        base: Path the page's app is mounted at; every link begins with it.
        switch: Where the same page is in the other language; None where there is no such address.
    """
    words = WORDS[language]
    helpers = {
        "t": words,
        "word": lambda key: words.get(key, key),
        "advice": lambda reason: advice(reason, language),
        "expectation": lambda name: expectation(name, language),
        "refusal": lambda message: refusal(message, language),
        "why": lambda reason: why(reason, language),
        "address": lambda path="", **query: base + quote(path) + (f"?{urlencode(query)}" if query else ""),
    }
    template_ = _environment.get_template(template)
    return template_.render(language=language, base=base, switch=switch, **helpers, **shown)


def root(request: Request) -> str:
    """Return the path the page's app is mounted at."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _other_language(request: Request, language: Language) -> str | None:
    if request.method != "GET":
        return None
    return "?" + urlencode({**request.query_params, "lang": WORDS[language]["other_code"]})
