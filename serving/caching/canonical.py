"""One form for questions that differ only in spelling, politeness or the common words for the same thing."""

from __future__ import annotations

import re
import unicodedata

from corpus import analysis

_CONTRACTIONS = (
    (re.compile(r"\bcan['’]?t\b"), "cannot"),
    (re.compile(r"\bwon['’]t\b"), "will not"),
    (re.compile(r"\bshan['’]t\b"), "shall not"),
    (re.compile(r"n['’]t\b"), " not"),
    (re.compile(r"\b(i|you|we|they|it|he|she|that|what|how|where|when|who)['’](?:m|re|s|ve|ll|d)\b"), r"\1"),
    (re.compile(r"['’]s\b"), ""),
)
# Spellings and translations of things that nearly every product has. Only words that mean one thing everywhere.
_GLOSSARY_KO = (
    (re.compile(r"(?<![a-z])(?:log[\s-]?in|sign[\s-]?in|log[\s-]?on)(?![a-z])|로그 인|사인\s?인"), "로그인"),
    (re.compile(r"(?<![a-z])(?:log[\s-]?out|sign[\s-]?out|log[\s-]?off)(?![a-z])|로그 아웃|사인\s?아웃"), "로그아웃"),
    (re.compile(r"(?<![a-z])(?:sign[\s-]?up)(?![a-z])|회원 가입|가입하기"), "회원가입"),
    (re.compile(r"(?<![a-z])(?:password|passcode|pw)(?![a-z])|패스워드|비번|암호"), "비밀번호"),
    (re.compile(r"(?<![a-z])(?:e-?mail)(?![a-z])|이메일|전자 ?우편"), "메일"),
    (re.compile(r"(?<![a-z])account(?![a-z])|어카운트"), "계정"),
    (re.compile(r"업그래이드"), "업그레이드"),
    (re.compile(r"와이 ?파이|(?<![a-z])wi-?fi(?![a-z])"), "와이파이"),
    (re.compile(r"어플(?:리케이션)?|애플리케이션|(?<![a-z])app(?![a-z])"), "앱"),
)
_GLOSSARY_EN = (
    (re.compile(r"\b(?:log(?:ging|ged|s)?[\s-]?(?:in|on)|sign(?:ing|ed|s)?[\s-]?in|logon)(?:\s?to)?\b"), "login"),
    (re.compile(r"\b(?:log(?:ging|ged|s)?[\s-]?(?:out|off)|sign(?:ing|ed|s)?[\s-]?out)\b"), "logout"),
    (re.compile(r"\b(?:sign(?:ing|ed|s)?[\s-]?up)\b"), "signup"),
    (re.compile(r"\bpass[\s-]?(?:word|code)s?\b"), "password"),
    (re.compile(r"\be-?mails?\b"), "email"),
    (re.compile(r"\b(?:smart|cell|mobile )?phones?\b"), "phone"),
    (re.compile(r"\bwi-?fi\b"), "wifi"),
    (re.compile(r"\b(?:application|app)s?\b"), "app"),
    (re.compile(r"\btop(?:ping|ped|s)?[\s-]?up\b"), "topup"),
)
FAILS_KO, FAILS_EN = "안 됨", "not working"
_PARTICLE = r"(?:이|가|은|는|을|를|도|에|에서)?"
_FAILURE_KO = re.compile(
    rf"{_PARTICLE}\s*(?:자꾸|계속|왜)?\s*(?:"
    r"(?:오류|에러|장애)(?:가|이|만)?\s*(?:나|났|난|남|떠|뜨|뜹|발생|생기|생겨|생긴|생깁|있|걸)[가-힣]*"
    r"|(?:작동|동작|실행|접속|연결|진행|인식)?(?:이|가|을|를|도)?\s*(?:안|못)\s*(?:돼|되|된|됩|됨|됐|함|해요|합니다|먹)[가-힣]*"
    r"|(?:작동|동작|실행|접속|연결|진행|처리|인식)?(?:하|되|이\s*되|가\s*되)지\s*(?:를\s*|가\s*)?(?:않|못)[가-힣]*"
    r"|(?:열리|켜지|들어가지|나오|뜨)지(?:가|를)?\s*(?:않|못)[가-힣]*"
    r"|(?:이용|사용|실행|접속)?\s*할\s*수(?:가)?\s*없(?!는(?!데)|던|을)[가-힣]*"
    r"|(?:이용|사용|실행|접속)?\s*불가(?:능)?[가-힣]*|(?:에\s*)?실패[가-힣]*|먹통[가-힣]*"
    r")"
)
_NOT_FAILURE_KO = re.compile(
    r"(?:되지|하지|안 ?되|안 ?하|못 ?하)[가-힣]*\s*(?:않으려면|않게|않도록|않을|않고|게 하려면)|안\s*하"
)
_FAILURE_EN = re.compile(
    r"\b(?:(?:i|we|you|it)\s+)?(?:am\s+|are\s+|is\s+|was\s+|were\s+)?(?:still\s+)?"
    r"(?:cannot(?:\s+seem\s+to)?|could not|can not|unable to|not able to|not possible to|fail(?:s|ed|ing)? to"
    r"|(?:have|having|has|had)\s+(?:a\s+|some\s+)?(?:trouble|problems?|issues?"
    r"|difficult(?:y|ies))(?:\s+(?:with|when))?)\b"
    r"|\b(?:do|does|did|is|are|will|would|has|have)\s+not\s+(?:work\w*|load\w*|open\w*|function\w*|respond\w*"
    r"|let\s+me|allow\s+me\s+to|accept\w*|go(?:ing|ne)?\s+through)\b"
    r"|\bnot\s+(?:work\w*|load\w*|open\w*|function\w*|going\s+through)\b"
    r"|\bnever\s+work\w*|\b(?:stop|quit)(?:s|ped|ted)?\s+working\b|\b(?:login|payment"
    r"|connection)\s+(?=error|failure)|\b(?:errors?|failure|fails|failed|broken)\b"
)
_ASKED_FAILURE_EN = re.compile(r"\b(?:will|does|do|did|is|are) not((?:\s+\w+){1,4}?)\s+(work(?:ing)?|open|load)\b")
_POLITE_KO = (
    (
        re.compile(
            r"\s*(?:에\s*대해(?:서)?\s*)?(?:좀\s*)?(?:알려|말해|가르쳐|설명해|안내해|찾아)\s*(?:줘|주세요|주실래요|줄래|주십시오"
            r"|주시겠어요|주시겠습니까|줄 수 있어|주실 수 있나요|봐)(?:요)?$"
        ),
        "",
    ),
    (
        re.compile(r"(?:해|하여)\s*(?:줘|주세요|주실래요|줄래|주십시오|주시겠어요|주시겠습니까|달라|줘라)(?:요)?$"),
        "해 줘",
    ),
    (re.compile(r"\s*(?:좀|혹시|제발|그럼|저기|안녕하세요)\s+"), " "),
    (re.compile(r"려면\s*(?:어떻게|뭘)(?:\s*(?:해야|하면))?(?:\s*(?:하|되|돼|할|합|해)[가-힣]*)?$"), "는 방법"),
    (
        re.compile(
            r"(?:은|는|을|를)?\s*어떻게\s*(?:하나요|하죠|해요|해|하지|합니까|하면\s*(?:되나요|돼|돼요|됩니까|될까요|되죠)"
            r"|해야\s*(?:하나요|하죠|해요|돼|돼요|되나요|합니까|할까요))$"
        ),
        " 방법",
    ),
    (re.compile(r"(?:이|가)?\s*(?:무엇|뭐|뭔)(?:인가요|예요|에요|인지|지|야|죠|가요|입니까|임)?$"), ""),
    (re.compile(r"(?:인가요|인가|이에요|예요|에요|입니까|이야|이죠|일까요|일까|인지)$"), ""),
    (
        re.compile(r"(?:습니까|습니다|나요|는가요|을까요|ㄹ까요|어요|아요|해요|네요|죠|지요)$"),
        lambda m: {"해요": "해", "어요": "어", "아요": "아"}.get(m[0], "다"),
    ),
)
_POLITE_EN = re.compile(
    r"^(?:hi|hello|hey|please|so|ok|okay|well|and|but)\b[\s,]*|\bplease\b|\b(?:can"
    r"|could|would|will)\s+you\s+(?:please\s+)?"
    r"(?:tell|show|explain|help|let)(?:\s+(?:me|us))?(?:\s+(?:know|to|with|about|understand))?\b"
    r"|\bi\s+(?:would|want|need|wish)\s+(?:like\s+)?to\s+know\b|\bi (?:do not"
    r"|am not sure|have no idea) (?:know )?(?=why|how|what|when|where|who)"
    r"|\b(?:do you know|i was wondering|i wonder|tell me)\b"
)
_PUNCTUATION = re.compile(r"[?!.,;:~…\"“”‘’'`()\[\]{}]+(?=\s|$)|(?:^|(?<=\s))[\"“”‘’'`()\[\]{}]+")


def canonical(text: str) -> str:
    """Return the form under which a question is compared and stored.

    NFKC and casefold; contractions written out; a small glossary for what has several spellings or a common
    translation; polite endings removed; and every way to say that something does not work said in one way, at the end.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    for pattern, whole in _CONTRACTIONS:
        text = pattern.sub(whole, text)
    text = _squeezed(_PUNCTUATION.sub(" ", text))
    return _korean(text) if analysis.language(text) == "ko" else _english(text)


def _korean(text: str) -> str:
    for pattern, word in _GLOSSARY_KO:
        text = pattern.sub(word, text)
    stripped, count = _FAILURE_KO.subn(" ", text) if not _NOT_FAILURE_KO.search(text) else (text, 0)
    if count:
        return _squeezed(f"{stripped} {FAILS_KO}")
    for pattern, ending in _POLITE_KO:
        text = _squeezed(pattern.sub(ending, text))
    return text


def _english(text: str) -> str:
    text = _squeezed(_POLITE_EN.sub(" ", text))
    for pattern, word in _GLOSSARY_EN:
        text = pattern.sub(word, text)
    text = _ASKED_FAILURE_EN.sub(r"\1 not \2", text)  # why does not my card work
    stripped, count = _FAILURE_EN.subn(" ", text)
    return _squeezed(f"{stripped} {FAILS_EN}" if count else text)


def fails(canonical_text: str) -> bool:
    """Return whether a canonical question says that something does not work."""
    return canonical_text.endswith((FAILS_KO, FAILS_EN))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
