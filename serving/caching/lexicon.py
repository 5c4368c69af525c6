"""The words the guard knows: opposites, actions, kinds of question, negation, numbers, times; Korean and English."""

from __future__ import annotations

import re

OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"켜|켤|켠|켭|활성|\benabl\w*|\b(?:turn|switch)(?:ing|ed)? (?:\w+ )?on\b|\bactivat\w*",
     r"끄|끌|끈|끕|비활성|\bdisabl\w*|\b(?:turn|switch)(?:ing|ed)? (?:\w+ )?off\b|\bdeactivat\w*"),
    (r"올리|올려|올라|인상|증가|늘리|늘어|높이|높여|상승|\bincreas\w*|\brais\w*|\bupgrad\w*|업그레이드|\bhigher\b",
     r"내리|내려|인하|감소|줄이|줄어|낮추|낮춰|하락|\bdecreas\w*|\breduc\w*|\blower\w*|\bdowngrad\w*|다운그레이드"),
    (r"최대|상한|가장 (?:많|큰|높|긴|비싼)|\bmax\w*|\blargest\b|\bhighest\b|\bat most\b|\blongest\b",
     r"최소|하한|가장 (?:적|작|낮|짧|싼)|\bmin(?:imum|imal)?\b|\bsmallest\b|\blowest\b|\bat least\b|\bshortest\b"),
    (r"시작|개시|\bstart\w*|\bbegin\w*|\bopens?\b|개장|출발|\bdepart\w*",
     r"종료|마감|끝나|끝내|\bend(?:s|ing|ed)?\b|\bfinish\w*|\bclos(?:e|es|ing|ed)\b|폐장|도착|\barriv\w*"),
    (r"입력|\binput\w*|수신|받는|받을|받나|받은|받았|\breceiv\w*|\bincoming\b",
     r"출력|\boutput\w*|발신|송신|보내|보낸|\bsen[dt]\w*|\boutgoing\b"),
    (r"입금|\bdeposit\w*|충전|\btop ?up\w*", r"출금|인출|\bwithdraw\w*"),
    (r"업로드|\bupload\w*|올리는", r"다운로드|내려받|\bdownload\w*"),
    (r"가입|\bsign ?up\b|\bsubscrib\w*|\bjoin\w*|구독 ?(?:신청|하)",
     r"탈퇴|해지|\bunsubscrib\w*|\bleav(?:e|ing) the\b|구독 ?취소"),
    (r"로그인|\blogin\b", r"로그아웃|\blogout\b"),
    (r"입사|\bhir\w*|\bonboard\w*", r"퇴사|\bresign\w*|\boffboard\w*"),
    (r"출근|\bcheck-?in\b|체크인", r"퇴근|\bcheck-?out\b|체크아웃"),
    (r"장점|\badvantag\w*|\bpros\b|\bbenefits?\b", r"단점|\bdisadvantag\w*|\bcons\b|\bdrawbacks?\b"),
    (r"전(?:에|까지)|이전|\bbefore\b", r"후(?:에|부터)|이후|\bafter\b"),
    (r"허용|\ballow(?:s|ed|ing)?\b|\bpermit\w*", r"차단|금지|\bblock\w*|\bforbid\w*|\bprohibit\w*|\bden(?:y|ied)\b"),
    (r"잠그|잠가|잠금 ?설정|\block(?:s|ing|ed)?\b", r"잠금 ?해제|풀|\bunlock\w*"),
    (r"성공|\bsucce\w*", r"실패|\bfail\w*"),
    (r"국내|\bdomestic\w*", r"해외|국제|\binternational\w*|\babroad\b|\boverseas\b"),
    (r"공개|\bpublic\b", r"비공개|\bprivate\b"),
    (r"무료|\bfree\b", r"유료|\bpaid\b"),
    (r"동기(?!화|부)|\bsynchronous\w*", r"비동기|\basync\w*"),
    (r"평일|\bweekdays?\b", r"주말|\bweekends?\b"),
    (r"오전|아침|\bmornings?\b|\ba\.?m\.?\b", r"오후|저녁|\bevenings?\b|\bafternoons?\b|\bp\.?m\.?\b"),
    (r"실내|\bindoors?\b", r"실외|야외|\boutdoors?\b"),
    (r"크게|확대|\benlarg\w*|\bzoom in\b", r"작게|축소|\bshrink\w*|\bzoom out\b"),
    (r"수입|\bimport\w*|가져오", r"수출|\bexport\w*|내보내"),
    (r"구매|구입|사려|살 수|\bbuy\w*|\bpurchas\w*", r"판매|팔|\bsell\w*|\bsold\b"),
    (r"빌리|대여|대출|\bborrow\w*", r"빌려주|반납|\blend\w*|\breturn\w*"),
    (r"왼쪽|좌측|\bleft\b", r"오른쪽|우측|\bright\b"),
)  # fmt: skip
"""Pairs of which a question has one or the other; the second of a pair is looked for first, as 비활성 holds 활성."""

ACTIONS: dict[str, str] = {
    "apply":
        r"신청|지원하|지원 (?:방법|절차)|\bappl(?:y|ies|ied|ying|ication)\b|\brequest\w*|요청"
        r"|\border(?:ing)?\b|발급",
    "cancel": r"취소|철회|해지|\bcancel\w*|\brevok\w*|\bwithdraw (?:an|my|the) (?:application|request)",
    "change": r"변경|바꾸|바꿔|바꿀|수정|고치|편집|갱신|\bchang\w*|\bedit\w*|\bmodif\w*|\bupdat\w*|\bswitch\w*",
    "delete":
        r"삭제|지우|지워|지울|없애|제거|탈퇴|\bdelet\w*|\bremov\w*|\beras\w*|\bclos(?:e"
        r"|ing) (?:my|an|the) account",
    "create":
        r"생성|만들|만드|등록|추가|개설|작성|\bcreat\w*|\badd(?:ing|s|ed)?\b|\bregist\w*"
        r"|\bopen(?:ing)? an? account|\bset(?:ting)? up\b",
    "view": r"조회|확인|보려|보는 (?:방법|법)|열람|찾는|\bview\w*|\bcheck(?:ing)?\b|\bsee\b|\bfind\b|\btrack\w*",
    "restore": r"복구|복원|되살|되돌|\brestor\w*|\brecover\w*|\brevert\w*|\broll ?back\b",
    "reset": r"재설정|초기화|\breset\w*",
    "renew": r"연장|\brenew\w*|\bextend\w*",
    "refund": r"환불|\brefund\w*",
    "return": r"반품|반납|\breturn\w*",
    "share": r"공유|\bshar(?:e|ing|ed)\b",
    "verify": r"인증|검증|\bverif\w*|\bauthenticat\w*",
    "install": r"설치|\binstall\w*",
    "transfer": r"이체|송금|이관|\btransfer\w*",
    "pay": r"결제|납부|지불|\bpay(?:ing|ment|ments)?\b",
    "approve": r"승인|\bapprov\w*",
    "reject": r"거절|반려|거부|\breject\w*|\bdeclin\w*",
    "back_up": r"백업|\bback(?:ing)? ?up\b|\bbackups?\b",
    "print": r"인쇄|프린트|\bprint\w*",
    "pause": r"정지|중지|중단|\bpaus\w*|\bsuspend\w*|\bfreez\w*|\bstop\w*",
    "undo": r"해제|끊|뺏|뺐|회수|거두|\bundo\b"
    r"|\bun(?:share|link|pin|lock|mute|archive|install|do|freeze|assign|publish)\w*"
    r"|\bdis(?:connect|card|miss)\w*",
    "resume": r"재개|\bresum\w*|\bunfreez\w*",
}  # fmt: skip
"""What is to be done, in both languages."""
REVERSING = frozenset({"cancel", "delete", "undo", "reject", "pause", "restore"})
"""Actions that one question cannot leave unsaid: sharing is not undoing a share."""

KINDS: tuple[tuple[str, str], ...] = (
    ("how_long",
        r"얼마나 (?:오래|걸|유지|보관|유효)|얼마 ?동안|며칠|몇 ?(?:일|주|개월|달|년|시간"
        r"|분)(?! ?(?:에|날|부터|까지))|기간"
        r"|유효 ?기간|\bhow long\b|\bhow much time\b|\bhow many (?:days|weeks|months|hours"
        r"|minutes|years)\b|\bduration\b"),
    ("how_often", r"얼마나 자주|주기|\bhow often\b|\bhow frequently\b"),
    ("how_far", r"얼마나 (?:멀|먼)|거리|\bhow far\b"),
    ("how_much", r"얼마|가격|비용|요금|금액|몇 ?원|\bhow much\b|\bprices?\b|\bcosts?\b|\bfees?\b|\bcharge[ds]?\b"),
    ("how_many", r"몇 ?(?:번|개|명|회|대|건|가지|사람|곳|장|권|마리|잔)|\bhow many\b|개수|횟수|인원"),
    ("when",
        r"언제|몇 ?시|며칠에|몇 ?월|날짜|시기|시각|일시|기한|마감일|\bwhen\b(?! (?:i|we|you|it|the|my|using)\b)"
        r"|\bhow soon\b|\bwhat (?:time|date|day|year|month)\b|\bdeadline\b|\bwhich (?:day"
        r"|date|year|month)\b"),
    ("who",
        r"누가|누구|누군|저자|작성자|담당자|책임자|글쓴이|\bwho(?:m|se)?\b|\bauthor\b|(?:쓴"
        r"|만든|작성한|맡은) (?:사람|이)\b"),
    ("how",
        r"\bwhere (?:do|can|should|would|could) (?:i|we|you)\b|어디(?:서|에서|에) (?:하|할|해"
        r"|찾|보|볼|봐|신청|확인|설정|바꾸|바꿔|등록)"),
    ("where",
        r"어디|장소|위치|어느 (?:곳|나라|도시|지역|건물|층)|\bwhere\b|\blocations?\b|\bwhich (?:place"
        r"|country|city|room|floor|building)\b|몇 ?층"),
    ("why", r"왜|이유|까닭|원인|어째서|\bwhy\b|\breasons?\b|\bhow come\b"),
    ("how",
        r"어떻게|방법|절차|하는 법|\bhow (?:do|does|did|can|could|should|to|would|will|is|are|i|we"
        r"|you)\b|\bprocedure\b|\bsteps\b"),
)  # fmt: skip
"""What is asked for, tried in this order: how much is not how."""

NEGATION = re.compile(
    r"(?:^|\s)(?:안|못) (?=[가-힣])|(?<![가-힣])(?:안"
    r"|못)(?=[돼되됩됨된될됐하해합한할했가갔오와왔먹맞써쓰보봐들받변챙벗켜열꺼])|지(?:는|도"
    r"|를|가)?\s*(?:않|못|말|마)|없|아니(?!면"
    r"|고선)|아닌(?!가|지)|\b(?:not|never|no|none|without|cannot|nor|neither|nobody"
    r"|nothing)\b"
    r"|\b(?:un|non|dis)(?=(?:limited|paid|used|known|available|allowed|agree"
    r"|continue)\b)|(?:^|\s)(?:미|비|불)(?=(?:참|가입|납|공개|회원|포함|가능|완료))|제외|\bexcept\b"
    r"|\bexclud\w*"
)
NUMBER_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "fifty": "50",
    "hundred": "100", "thousand": "1000", "third": "3", "fourth": "4", "fifth": "5", "twice": "2", "half": "0.5",
    "셋": "3", "넷": "4", "다섯": "5", "여섯": "6", "일곱": "7", "여덟": "8", "아홉": "9",
}  # fmt: skip
"""Without one, once, first and second, which mostly count nothing."""
ASKING = frozenset([
    *NUMBER_WORDS, "방법", "절차", "무엇", "뭐", "어떻게", "얼마", "언제", "어디", "누구", "왜", "알리",
    "말하", "가르치", "궁금", "알", "싶", "다", "수", "것", "거", "때", "경우", "원하", "whi", "tell", "know",
    "want", "need", "would", "like", "could", "should", "may", "might", "possibl", "way", "get", "got",
    "pleas", "help", "me", "us", "so", "any", "some",
])  # fmt: skip
"""Words, as the text analysis gives them, that ask and mean nothing else."""
COUNTED = {"한": "1", "두": "2", "세": "3", "네": "4", "첫": "1", "열": "10", "스무": "20", "반": "0.5"}
"""Numbers only before a counter: 두 번, 세 개."""
COUNTER = r"(?:번|개월|개|명|회|대|건|가지|곳|장|권|마리|잔|달|시간|살|배|째|주|사람|분)"
UNITS = {
    "%": "%", "퍼센트": "%", "percent": "%", "년": "y", "year": "y", "개월": "mo", "달": "mo", "월": "m", "month": "mo",
    "주": "w", "week": "w", "일": "d", "day": "d", "시간": "h", "hour": "h", "시": "o", "분": "min", "min": "min",
    "초": "s", "second": "s", "만": "e4", "억": "e8", "천": "e3", "원": "krw", "krw": "krw", "달러": "usd",
    "usd": "usd", "$": "usd", "eur": "eur", "€": "eur", "gbp": "gbp", "£": "gbp", "kb": "kb", "mb": "mb", "gb": "gb",
    "tb": "tb", "kg": "kg", "km": "km", "cm": "cm", "mm": "mm",
}  # fmt: skip
"""What follows a number and changes what it means, in both languages."""
CHOICE = re.compile(r"중(?:에|에서)?(?: |$)|아니면")
"""Asks which of several: then 어디 and 누가 mean no more than 어느 것."""
TIMES = re.compile(
    r"작년|지난해|올해|금년|내년|재작년|지난 ?(?:주|달|분기|번)|이번 ?(?:주|달|분기)"
    r"|다음 ?(?:주|달|분기|번)|어제|내일|모레"
    r"|상반기|하반기|[월화수목금토일]요일|[1-4]분기|\b(?:last|this|next|previous) (?:week|month|year|quarter|time)\b"
    r"|\b(?:yesterday|tomorrow)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\bq[1-4]\b"
    r"|\b(?:january|february|march|april|june|july|august|september|october|november|december)\b|봄|여름|가을|겨울"
    r"|(?:일|이|삼|사|오|유|칠|팔|구|시|십일|십이)월(?=[에이은의을과와도만 ,?]|$)"
)
