"""Masking as a whole: nothing found is left, structure stays, policies do what they say."""

from __future__ import annotations

import re
import socket
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.items import Element, Parsed
from ingestion.masking import NAME_TYPES, TYPES, Policy, find, leaks, mask, policy

KEY = b"a key of the tests"
PERSONAL = (
    "010-1234-5678", "02)345-6789", "+82 10 9876 5432", "900101-1234568", "5555-5555-5555-4444", "minsu@naver.com",
    "220-81-62517", "M123A4567", "110-123-456789", "GB29 NWBK 6016 1331 9268 19", "123-45-6788", "[PHONE]",
    "[CARD:0123abcd]", "0123456789", "4111", "-", "12",
)  # fmt: skip
WORDS = (
    "계좌",
    "전화",
    "여권",
    "주문번호",
    "account number",
    "call",
    "version",
    "로",
    "을",
    " ",
    "  ",
    "\n",
    "|",
    ".",
    "(",
)
texts = st.lists(st.one_of(st.sampled_from(PERSONAL + WORDS), st.text("가a1 -.@|\n", max_size=6)), max_size=14).map(
    "".join
)
elements = st.lists(
    st.builds(Element, st.sampled_from(["heading", "text", "table", "code"]), texts, st.integers(0, 3)), max_size=5
)
documents = st.builds(
    Parsed,
    elements.map(tuple),
    st.none() | texts,
    st.fixed_dictionaries({"author": texts, "tags": st.lists(texts, max_size=2), "page_count": st.just(2)}),
)
policies = st.sampled_from(["mask", "hash", "drop"])


def masked(text: str, how: Policy = "mask") -> str:
    return mask(Parsed((Element("text", text),)), how, KEY)[0].elements[0].text


@given(documents, policies)
@settings(deadline=None)
def test_masking_masked_text_changes_nothing(document: Parsed, how: Policy) -> None:
    once, _ = mask(document, how, KEY)
    assert mask(once, how, KEY) == (once, {})


@given(documents, policies)
@settings(deadline=None)
def test_masking_keeps_the_structure(document: Parsed, how: Policy) -> None:
    after, _ = mask(document, how, KEY)
    shape = [replace(element, text="") for element in document.elements]
    assert [replace(element, text="") for element in after.elements] == shape
    for element, other in zip(document.elements, after.elements, strict=True):
        if element.kind == "table":
            assert re.sub(r"[^|\n]", "", other.text) == re.sub(r"[^|\n]", "", element.text)


@given(documents, policies)
@settings(deadline=None)
def test_masked_documents_hold_nothing_that_validation_would_find(document: Parsed, how: Policy) -> None:
    after, counts = mask(document, how, KEY)
    assert not leaks("\n\n".join(element.text for element in after.elements))
    assert not any(leaks(line) for element in after.elements for line in element.text.split())
    assert bool(counts) == (after != document)
    assert mask(document, how, KEY) == (after, counts)


@given(texts)
@settings(deadline=None)
def test_findings_are_ordered_inside_the_text_and_apart(text: str) -> None:
    found = find(text)
    ends = [0, *(finding.end for finding in found)]
    assert all(end <= finding.start < finding.end for end, finding in zip(ends, found, strict=False))
    assert ends[-1] <= len(text)


@given(texts)
def test_allow_looks_at_nothing(text: str) -> None:
    document = Parsed((Element("text", text),), text, {"author": text})
    assert mask(document, "allow", b"") == (document, {})


def test_policies_leave_the_type_a_hash_or_nothing() -> None:
    text = "문의는 010-1234-5678로, 메일은 minsu@naver.com 으로 주세요."
    assert masked(text) == "문의는 [PHONE]로, 메일은 [EMAIL] 으로 주세요."
    assert re.fullmatch(
        r"문의는 \[PHONE:[0-9a-f]{8}\]로, 메일은 \[EMAIL:[0-9a-f]{8}\] 으로 주세요.", masked(text, "hash")
    )
    assert masked(text, "drop") == "문의는 로, 메일은 으로 주세요."


@pytest.mark.parametrize("other", ["01012345678", "010.1234.5678", "+82 10-1234-5678", "０１０－１２３４－５６７８"])
def test_spellings_of_one_value_have_one_hash(other: str) -> None:
    assert masked(f"전화 {other}", "hash") == masked("전화 010-1234-5678", "hash")


def test_hashes_differ_by_value_type_and_key() -> None:
    first = masked("010-1234-5678", "hash")
    assert first != masked("010-1234-5679", "hash")
    assert first != mask(Parsed((Element("text", "010-1234-5678"),)), "hash", b"other")[0].elements[0].text
    account = masked("계좌번호 1101234567890", "hash")
    card = masked("카드번호 4111111111111111", "hash")
    assert "[BANK_ACCOUNT:" in account
    assert "[CARD:" in card


def test_title_and_metadata_are_masked_and_the_author_stays() -> None:
    metadata = {"author": "김민수", "tags": ["사내", "minsu@naver.com"], "created_at": "2026-01-02T03:04:05+09:00"}
    document = Parsed((Element("text", "안내"),), "담당 010-1234-5678", metadata)
    after, counts = mask(document, "drop", KEY)
    assert after.title == "담당"
    assert after.metadata == {**metadata, "tags": ["사내"]}
    assert counts == {"EMAIL": 1, "PHONE": 1}


def test_words_of_the_element_before_are_context() -> None:
    document = Parsed((Element("heading", "환불 계좌", 2), Element("text", "110-123-456789")))
    assert mask(document, "mask", KEY)[0].elements[1].text == "[BANK_ACCOUNT]"


def test_names_places_and_dates_go_only_when_asked_for() -> None:
    text = "Angela Merkel moved to Berlin on March 3, 2024."
    document = Parsed((Element("text", text),), None, {"author": "Angela Merkel"})
    assert mask(document, "mask", KEY)[0] == document
    after, counts = mask(document, "mask", KEY, NAME_TYPES)
    assert after.elements[0].text == "[PERSON] moved to [PLACE] on [DATE]."
    assert after.metadata == {"author": "Angela Merkel"}
    assert counts == {"DATE": 1, "PERSON": 1, "PLACE": 1}


def test_korean_names_need_a_title_beside_them() -> None:
    assert [finding.type for finding in find("김민수 팀장이 2026년 3월 2일 서울에 갔다.", types=NAME_TYPES)] == [
        "PERSON", "DATE", "PLACE"
    ]  # fmt: skip


def test_hashes_without_a_key_and_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        mask(Parsed(()), "hash", b"")
    with pytest.raises(ValueError, match="SHOE_SIZE"):
        mask(Parsed(()), "mask", KEY, TYPES | {"SHOE_SIZE"})
    with pytest.raises(ValueError, match="mask, hash, drop, allow"):
        policy("erase")
    assert policy("drop") == "drop"


def test_nothing_touches_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "socket", refuse)
    assert masked("a.b@corp.co.kr 010-1234-5678") == "[EMAIL] [PHONE]"
