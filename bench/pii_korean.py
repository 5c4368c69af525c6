"""Korean sentences with personal data and with numbers that only look like it, made by a grammar.

    sentence → template(label, value, particle) | template(value, particle) | template(technical label, look-alike)
    value    → digits by the rules of their type (regions, networks, birth dates, check digits) × a way to write them
    particle → the form that the sound of the last digit asks for (…8로, …3으로)

Templates and labels are two disjoint sets: rules were tuned on `TUNING` only, figures are reported of `HELD_OUT`.
No value is anybody's: all come from a seeded generator.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from bench.pii_values import LOOK_ALIKES, VALUES

_PARTICLE = re.compile(r"(.)(\)?)\{([^/}]+)/([^}]+)\}")
_FINAL_CONSONANT = {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}


@dataclass(frozen=True)
class Span:
    """Personal data of one type at `text[start:end]`; `kind` tells spellings apart, such as mobile and land line."""

    type: str
    start: int
    end: int
    kind: str = ""


@dataclass(frozen=True)
class Sample:
    """A text and what it holds; `has_label` when a word in it says what the number is."""

    text: str
    spans: tuple[Span, ...]
    has_label: bool = True


@dataclass(frozen=True)
class Grammar:
    """Templates and labels that are used together."""

    labelled: tuple[str, ...]
    bare: tuple[str, ...]
    technical: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    technical_labels: tuple[str, ...]


TUNING = Grammar(
    labelled=(
        "{label}: {v}",
        "제 {label}는 {v}{이에요/예요}.",
        "{label} {v}{으로/로} 처리해 주세요.",
        "고객 {label}({v}){을/를} 확인했습니다.",
        "| 이름 | {label} |\n| 김민수 | {v} |",
    ),
    bare=("{v}", "네, {v}{이/가} 맞습니다.", "어제 말씀드린 {v}{을/를} 다시 보냅니다.", "김민수 대리 {v}"),
    technical=("{label} {v}{을/를} 조회하세요.", "{label}: {v}", "로그에 {label}={v}{이/가} 남았습니다."),
    labels={
        "PHONE": ("전화번호", "연락처", "휴대폰 번호", "Tel"),
        "RESIDENT_NUMBER": ("주민등록번호", "주민번호"),
        "FOREIGNER_NUMBER": ("외국인등록번호",),
        "BUSINESS_NUMBER": ("사업자등록번호", "사업자번호"),
        "PASSPORT": ("여권번호", "여권 번호"),
        "DRIVING_LICENCE": ("운전면허번호", "면허번호"),
        "BANK_ACCOUNT": ("계좌번호", "입금 계좌", "신한은행 계좌"),
        "CARD": ("카드번호", "신용카드"),
        "EMAIL": ("이메일", "메일 주소"),
    },
    technical_labels=("주문번호", "송장번호", "오류 코드", "버전", "시리얼 번호", "문서번호"),
)

HELD_OUT = Grammar(
    labelled=(
        "혹시 {label}{이/가} 바뀌셨나요? 저희 쪽에는 {v}{으로/로} 되어 있습니다.",
        "신청서에 적힌 {label} {v}{과/와} 다르면 접수가 반려됩니다.",
        "- {label} : {v}\n- 비고 : 없음",
        "{v}{은/는} 박서연 님의 {label}입니다.",
        "[{label}] {v} / 담당 이도윤",
        "회신은 오전 중에 부탁드리며 {label}{은/는} {v}{이니/니} 참고 바랍니다.",
        "| 번호 | 성명 | {label} | 비고 |\n|---|---|---|---|\n| 1 | 최지우 | {v} | 신규 |",
        "최지우 팀장이 남긴 메모: “{label} {v}, 금요일까지.”",
    ),
    bare=(
        "박서연 과장님께는 {v}{으로/로} 알려 드렸습니다.",
        "첨부 2쪽 하단의 {v}{을/를} 가려 주세요.",
        "메모지에는 {v}{이라고/라고} 적혀 있었다.",
        "이도윤, {v}, 서울",
    ),
    technical=(
        "{label}{이/가} {v}{인/인} 건을 먼저 살펴봅니다.",
        "이번 배포에서 {label} {v}{은/는} 제외했습니다.",
        "화면 아래에 {label} {v}{이/가} 표시되면 다시 시도하세요.",
        "| 항목 | 값 |\n|---|---|\n| {label} | {v} |",
        "{v}({label}){을/를} 입력하면 상태를 볼 수 있습니다.",
    ),
    labels={
        "PHONE": ("핸드폰", "비상 연락망 번호", "회사 전화", "직통 번호", "휴대전화", "HP"),
        "RESIDENT_NUMBER": ("주민등록상 번호", "주민 번호", "주민등록번호(13자리)"),
        "FOREIGNER_NUMBER": ("외국인 등록 번호", "외국인등록증 번호"),
        "BUSINESS_NUMBER": ("사업자 등록 번호", "거래처 사업자번호", "개인사업자 번호"),
        "PASSPORT": ("여권 정보", "passport no.", "전자여권 번호"),
        "DRIVING_LICENCE": ("운전면허증 번호", "자동차 면허 번호"),
        "BANK_ACCOUNT": ("환불 받으실 계좌", "급여 이체 통장", "송금하실 곳(국민은행)", "예금 계좌"),
        "CARD": ("법인카드", "체크카드 번호", "결제 카드"),
        "EMAIL": ("전자우편", "e-mail", "회신 주소"),
    },
    technical_labels=("접수번호", "운송장", "에러 로그 번호", "모델명", "자산 관리번호", "릴리스", "거래 ID", "바코드"),
)


def samples(grammar: Grammar, count: int, seed: int) -> list[Sample]:
    """Return sentences of a grammar: half with a label, a fifth bare, the rest look-alikes."""
    generator = random.Random(seed)
    made: list[Sample] = []
    for _ in range(count):
        form = generator.random()
        make = _labelled if form < 0.5 else _bare if form < 0.7 else _look_alike
        made.append(make(grammar, generator))
    return made


def _labelled(grammar: Grammar, generator: random.Random) -> Sample:
    value = generator.choice(VALUES)
    label = generator.choice(grammar.labels[value.type])
    text, span = _fill(generator.choice(grammar.labelled), label, value.write(generator))
    return Sample(text, (Span(value.type, *span, value.kind),))


def _bare(grammar: Grammar, generator: random.Random) -> Sample:
    value = generator.choice([value for value in VALUES if value.is_plain_bare])
    text, span = _fill(generator.choice(grammar.bare), "", value.write(generator))
    return Sample(text, (Span(value.type, *span, value.kind),), has_label=False)


def _look_alike(grammar: Grammar, generator: random.Random) -> Sample:
    """Make a sentence without personal data: under a technical label, or a false number under a personal one."""
    entity, write = generator.choice(LOOK_ALIKES)
    if entity and generator.random() < 0.5:
        template, label = generator.choice(grammar.labelled), generator.choice(grammar.labels[entity])
    else:
        template, label = generator.choice(grammar.technical), generator.choice(grammar.technical_labels)
    return Sample(_fill(template, label, write(generator))[0], ())


def _fill(template: str, label: str, value: str) -> tuple[str, tuple[int, int]]:
    """Put label and value into a template and choose particles by the sound before them."""
    head, tail = template.replace("{label}", label).split("{v}")
    head = _with_particles(head)
    text = _with_particles(head + value + tail, len(head))
    return text, (len(head), len(head) + len(value))


def _with_particles(text: str, start: int = 0) -> str:
    return text[:start] + _PARTICLE.sub(_particle, text[start:])


def _particle(match: re.Match[str]) -> str:
    letter, closing, after_final, otherwise = match.groups()
    final = _FINAL_CONSONANT.get(letter, "")
    if "가" <= letter <= "힣":
        final = {0: "", 8: "ㄹ"}.get((ord(letter) - ord("가")) % 28, "ㅇ")
    takes_otherwise = not final or (after_final == "으로" and final == "ㄹ")
    return letter + closing + (otherwise if takes_otherwise else after_final)
