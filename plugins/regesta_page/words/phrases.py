"""Sentences for what the pipeline writes in code: expectations, kinds of quarantine, why the registry decided so.

What is not known here is shown as it was written, so a new kind is never hidden.
"""

from __future__ import annotations

import re

_LANGUAGES = ("en", "ko")

EXPECTATIONS: dict[str, tuple[str, str]] = {
    "document_has_passages": ("Every document has text", "모든 문서에 본문이 있음"),
    "document_language_is_known": ("The language is known", "언어를 알 수 있음"),
    "document_headings_have_no_unmasked_personal_data": (
        "No heading shows personal data",
        "제목에 개인정보가 드러나지 않음",
    ),
    "chunk_text_is_not_empty": ("No passage is empty", "빈 청크가 없음"),
    "chunk_token_count_is_within_limit": ("Passages keep to the token limit", "청크가 토큰 한도 안에 있음"),
    "chunk_has_no_unmasked_personal_data": ("No passage shows personal data", "청크에 개인정보가 드러나지 않음"),
    "vector_has_the_models_dimensions": ("Vectors have the model's dimensions", "벡터의 차원이 모델과 같음"),
    "vector_is_finite": ("Vectors hold numbers only", "벡터에 올바른 숫자만 있음"),
    "vector_has_unit_length": ("Vectors have length one", "벡터의 길이가 1임"),
    "batch_is_mostly_sound": ("The batch as a whole can be right", "배치 전체가 온전함"),
    "checkpoint_ran": ("Validation could run", "검증을 실행할 수 있음"),
}

KINDS: dict[str, tuple[str, str]] = {
    "binary": (
        "Named as text, but is none: correct its name or replace it.",
        "텍스트가 아닙니다. 파일 이름을 바로잡거나 교체하세요.",
    ),
    "bomb": (
        "Unpacks to far more than its size: do not open it; ask where it comes from.",
        "풀면 비정상적으로 커집니다. 열지 말고 출처를 확인하세요.",
    ),
    "corrupt": ("Damaged: replace it with a whole copy.", "손상된 파일입니다. 온전한 파일로 교체하세요."),
    "crashed": (
        "The parser died of it: save it anew, or in another format.",
        "파서가 중단되었습니다. 새로 저장하거나 다른 형식으로 저장하세요.",
    ),
    "empty": ("Nothing to read in it: replace or remove it.", "읽을 내용이 없습니다. 교체하거나 지우세요."),
    "encoding": ("Save it as UTF-8.", "UTF-8로 저장하세요."),
    "encrypted": ("Save it without a password or other protection.", "암호나 보호를 풀고 저장하세요."),
    "memory": ("Split it into smaller files.", "작은 파일로 나누세요."),
    "no_ocr": ("A scan: install tesseract, then try again.", "스캔 문서입니다. tesseract를 설치한 뒤 다시 시도하세요."),
    "timeout": (
        "Split it into smaller files, or try again when there is less to do.",
        "작은 파일로 나누거나, 한가할 때 다시 시도하세요.",
    ),
    "too_large": ("Split it into smaller files.", "작은 파일로 나누세요."),
    "unsafe": (
        "Built to reach outside itself: do not open it; ask where it comes from.",
        "파일 밖에 접근하려는 구조입니다. 열지 말고 출처를 확인하세요.",
    ),
    "unsupported": ("Save it in a format that is supported.", "지원하는 형식으로 저장하세요."),
    "validation": (
        "Not met: “{}”. Correct the document, or release it.",
        "충족하지 못한 조건: ‘{}’. 문서를 고치거나 격리를 해제하세요.",
    ),
}

_REASONS: tuple[tuple[str, str], ...] = (
    (r"newest valid version", "가장 최근의 유효한 버전"),
    (r"deleted at the source", "소스에서 삭제됨"),
    (r"no version can be served", "제공할 수 있는 버전이 없음"),
    (r"pinned to nothing: (.*)", r"제공하지 않도록 고정됨: \1"),
    (r"pinned: (.*)", r"고정됨: \1"),
    (r"it is pinned", "고정되어 있음"),
    (r"it is newer", "더 최근임"),
    (r"it was known first", "먼저 등록됨"),
    (r"authority (\d+) over (\d+)", r"신뢰도 \1 > \2"),
    (r"it is (\w+), not (\w+)", r"발행 상태가 \2이(가) 아니라 \1"),
)
_REFUSALS: tuple[tuple[str, str], ...] = (
    (r"There is no document (.*)\.", r"문서 \1이(가) 없습니다."),
    (r"(.*) has no v(\d+); .*", r"\1에는 v\2이(가) 없습니다. 버전 목록을 확인하세요."),
    (r"(.*) has no earlier version; .*", r"\1에는 이전 버전이 없습니다."),
    (r"v(\d+) of (.*) is purged: .*", r"\2의 v\1은(는) 보존 기간이 끝나 삭제되어 제공할 내용이 없습니다."),
    (r"v(\d+) of (.*) is quarantined: .*", r"\2의 v\1은(는) 격리되어 있어 제공할 내용이 없습니다."),
    (r"No version of (.*) is pinned\.", r"\1에는 고정된 버전이 없습니다."),
    (
        r"(.*) was quarantined as '(.*)': its content could not be used.*",
        r"\1은(는) 내용을 읽을 수 없어 격리되었으므로(\2) 해제할 것이 없습니다. 파일을 교체하거나 다시 시도하세요.",
    ),
    (r"v(\d+) of (.*) is not the newest version any more\.", r"\2의 v\1은(는) 이제 최신 버전이 아닙니다."),
    (r"The newest version of (.*) is not quarantined\.", r"\1의 최신 버전은 격리되어 있지 않습니다."),
)
_DUPLICATE = re.compile(r"duplicate: of .* \(similarity [\d.]+\), as (.*)", re.DOTALL)


def expectation(name: str, language: str) -> str:
    """Return an expectation as a sentence; a name we do not know as it is."""
    return _choose(EXPECTATIONS, name, language) or name


def advice(reason: str | None, language: str) -> str:
    """Return what to do about a reason of the form `kind: detail`; empty for a kind we do not know."""
    kind, _, detail = (reason or "").partition(": ")
    return _choose(KINDS, kind, language).replace("{}", expectation(detail, language))


def why(reason: str, language: str) -> str:
    """Return why the registry decided so; of a duplicate only why the other one is better."""
    if found := _DUPLICATE.fullmatch(reason):
        reason = found[1]
    return _said(reason, _REASONS, language)


def refusal(message: str, language: str) -> str:
    """Return why an action could not be done."""
    return _said(message, _REFUSALS, language)


def _said(message: str, patterns: tuple[tuple[str, str], ...], language: str) -> str:
    if language == "en":
        return message
    for pattern, korean in patterns:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return found.expand(korean)
    return message


def _choose(phrases: dict[str, tuple[str, str]], key: str, language: str) -> str:
    found = phrases.get(key)
    return found[_LANGUAGES.index(language)] if found else ""
