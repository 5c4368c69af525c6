"""The words near a number that say what it is: 계좌, *passport*, or 주문번호, *version*."""

from __future__ import annotations

import re

REACH = 48
"""Characters before a number that are looked at."""
_REACH_BEHIND = 16
_BEHIND = 12
"""A word behind a number counts as this much farther away than one in front."""
GAIN = 0.4

_PERSONAL = {
    "PHONE": (
        r"전화|연락처|휴대폰|핸드폰|모바일|내선|팩스|문의|콜센터",
        r"tel|telephone|phone|mobile|cell|cellphone|call|calls|fax|hp|contact|dial|answering"
        r"|(?:office|desk)(?=[\\,\s]*$)",
    ),
    "RESIDENT_NUMBER": (r"주민|생년월일", r"resident|rrn"),
    "FOREIGNER_NUMBER": (r"외국인|거소", r"foreigner|alien registration|frn|arc"),
    "BUSINESS_NUMBER": (r"사업자", r"business (?:registration )?(?:number|no)|brn|tax registration"),
    "PASSPORT": (r"여권", r"passport"),
    "DRIVING_LICENCE": (
        r"면허|서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산",
        r"licen[cs]e|dl",
    ),
    "BANK_ACCOUNT": (
        r"계좌|은행|뱅크|입금|송금|이체|예금|농협|신협|새마을금고|우체국",
        r"account (?:number|no|#)|bank(?: account)?|acct|a/c|routing|sort code|wire|deposit",
    ),
    "CARD": (r"카드", r"cards?|cc|credit|debit|visa|mastercard|amex|diners"),
    "US_SSN": (r"사회보장", r"ssn|social security"),
    "US_ITIN": (r"납세자", r"itin|taxpayer|tin"),
    "UK_NHS": (r"건강보험", r"nhs"),
    "UK_NINO": (r"국민보험", r"nino|national insurance"),
    "CRYPTO_WALLET": (r"지갑|비트코인|이더리움", r"wallet|bitcoin|btc|eth|ethereum|crypto"),
}
_TECHNICAL = (
    r"주문|송장|배송|택배|버전|오류|에러|코드|바코드|시리얼|일련번호|모델|제품|상품|품번|문서 ?번호|접수 ?번호|티켓"
    r"|이슈|빌드|커밋|타임스탬프|합계|금액|승인 ?번호|관리 ?번호|예약 ?번호|부품|로그|해시|우편번호",
    r"orders?|invoice|tracking|shipment|ticket|issue|version|build|commit|error|code|isbn|issn|serial|model|sku|barcode"
    r"|timestamp|epoch|uuid|guid|hash|sha|part|reference|case|transaction id|amount|total|price|revision|release|log"
    r"|firmware|id|pid|offset|bytes|port",
)


def _words(korean: str, english: str) -> str:
    return rf"{korean}|(?<![A-Za-z])(?:{english})(?![A-Za-z])"


_LABELS = {
    entity: re.compile(f"(?P<personal>{_words(*words)})|(?P<technical>{_words(*_TECHNICAL)})", re.IGNORECASE)
    for entity, words in _PERSONAL.items()
}


def adjust(entity: str, before: str, behind: str) -> float:
    """Return what the nearest word adds to a score: a gain, a loss, or nothing where no word speaks.

    Args:
        before: Text before the number; its last `REACH` characters count.
        behind: Text after it; a few characters of the same line, up to the next digit, count.
    """
    labels = _LABELS.get(entity)
    if labels is None:
        return 0.0
    before = before[-REACH:]
    found = [(len(before) - match.end(), match) for match in labels.finditer(before)]
    behind = re.split(r"[\n0-9]", behind[:_REACH_BEHIND], maxsplit=1)[0]
    found += [(_BEHIND + match.start(), match) for match in labels.finditer(behind)]
    if not found:
        return 0.0
    nearest = min(found, key=lambda pair: pair[0])[1]
    return GAIN if nearest["personal"] else -GAIN
