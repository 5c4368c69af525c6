"""Realistic documents in four formats and two languages, made from a seed: what the ingestion benchmark reads."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

SENTENCES = {
    "en": (
        "the report of every {} was read by our {} before {}",
        "a {} that is older than {} has to be renewed",
        "whoever leaves the {} tells the {} and hands in the {}",
        "the {} opens at nine and the {} closes at six",
        "each {} is checked twice, first by the {} and then by a {}",
        "nobody may copy a {} without asking the {}",
    ),
    "ko": (
        "{}은 매달 {}에서 확인하고 결과를 {}에 적습니다",
        "새로운 {}이 필요하면 먼저 {}에게 알려야 합니다",
        "{}의 내용은 {}과 {}이 함께 검토합니다",
        "{}을 바꾸려면 {}의 승인을 받아 {}에 남깁니다",
        "지난 {}에서 정한 {}은 다음 {}까지 그대로 둡니다",
        "{}을 잃어버린 사람은 {}로 바로 연락합니다",
    ),
}
NAMES = {
    "en": """
        account backup badge budget calendar contract customer device expense folder guide invoice journal key ledger
        licence meeting network notice office password printer quarter receipt schedule server team visitor
        """.split(),  # noqa: SIM905
    "ko": """
        계정 백업 출입증 예산 일정 계약 고객 장비 경비 폴더 안내서 송장 일지 열쇠 장부 면허 회의 통신망 공지 사무실
        비밀번호 인쇄기 분기 영수증 일정표 서버 부서 방문객
        """.split(),  # noqa: SIM905
}
PAGE_SENTENCES = 26


@dataclass(frozen=True)
class Document:
    """One file with the number of pages it would have in print."""

    name: str
    data: bytes
    pages: int


def documents(count: int, seed: int = 7) -> list[Document]:
    """Return files in turn Markdown, HTML, Word and PDF, half of them Korean, of one to six pages."""
    writers: tuple[tuple[str, Callable[[list[tuple[str, list[str]]]], bytes]], ...] = (
        ("md", _markdown), ("html", _html), ("docx", _word), ("pdf", _pdf),
    )  # fmt: skip
    made = []
    for number in range(count):
        generator = random.Random(f"{seed} {number}")
        language = "ko" if number // len(writers) % 2 else "en"
        pages = generator.randint(1, 6)
        sections = [_section(generator, language, page) for page in range(pages)]
        suffix, write = writers[number % len(writers)]
        made.append(Document(f"{number:04d}-{language}.{suffix}", write(sections), pages))
    return made


def _section(generator: random.Random, language: str, page: int) -> tuple[str, list[str]]:
    names = NAMES[language]
    sentences = []
    for _ in range(PAGE_SENTENCES):
        pattern = generator.choice(SENTENCES[language])
        words = [f"{generator.choice(names)} {generator.randint(2, 999)}" for _ in range(pattern.count("{}"))]
        sentences.append(pattern.format(*words).capitalize() + ".")
    heading = f"{page + 1}. {' '.join(generator.sample(names, 2))}"
    paragraphs, start = [], 0
    while start < len(sentences):
        width = generator.randint(3, 6)
        paragraphs.append(" ".join(sentences[start : start + width]))
        start += width
    return heading, paragraphs


def _markdown(sections: list[tuple[str, list[str]]]) -> bytes:
    return "\n\n".join(f"## {heading}\n\n" + "\n\n".join(body) for heading, body in sections).encode()


def _html(sections: list[tuple[str, list[str]]]) -> bytes:
    body = "".join(f"<h2>{heading}</h2>" + "".join(f"<p>{text}</p>" for text in texts) for heading, texts in sections)
    return f"<!doctype html><html><head><meta charset=utf-8></head><body><main>{body}</main></body></html>".encode()


def _word(sections: list[tuple[str, list[str]]]) -> bytes:
    from docx import Document as Word

    document, buffer = Word(), io.BytesIO()
    for heading, texts in sections:
        document.add_heading(heading, 2)
        for text in texts:
            document.add_paragraph(text)
    document.save(buffer)
    return buffer.getvalue()


def _pdf(sections: list[tuple[str, list[str]]]) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer

    buffer, font = io.BytesIO(), _font()
    plain = ParagraphStyle("plain", fontName=font, fontSize=10, leading=14, wordWrap="CJK")
    large = ParagraphStyle("large", parent=plain, fontSize=15, leading=20)
    story: list[object] = []
    for heading, texts in sections:
        story += [
            Paragraph(heading, large),
            *(part for text in texts for part in (Paragraph(text, plain), Spacer(1, 8))),
        ]
        story.append(PageBreak())
    SimpleDocTemplate(buffer, pagesize=A4, invariant=1).build(story)
    return buffer.getvalue()


@cache
def _font() -> str:
    """Return a font with Hangul that every PDF reader has."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("HYSMyeongJo-Medium"))
    return "HYSMyeongJo-Medium"
