"""One document between its bytes and its vectors: what is read of it, in which order, and how often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import analysis
from ingestion import preparing
from ingestion.items import Chunk, Element, Item, Parsed
from ingestion.preparing import analyse_items, describe_item, korean_last, reading_ahead, windows


def item(uri: str, *texts: str) -> Item:
    return Item(uri, "added", parsed=Parsed(tuple(Element("text", text) for text in texts)))


def chunk(chunk_hash: str, text: str, *heading_path: str) -> Chunk:
    return Chunk(chunk_hash, text, heading_path, "text", 1, None, 0, len(text))


def test_passages_get_the_words_of_their_headings_and_text() -> None:
    document = Item("a", "added", chunks=(chunk("h", "비밀번호를 바꿉니다.", "Login"),))
    analyse_items([document], set())
    [found] = document.chunks
    assert found.lexemes is not None
    assert {"'login':1", "'비밀번호':4"} <= set(found.lexemes.split(" "))
    assert found.lexeme_count == len(analysis.lexemes("Login\n\n비밀번호를 바꿉니다."))


def test_what_is_known_is_not_analysed_and_what_occurs_twice_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    lexemes_of = analysis.lexemes_of

    def counted(texts: list[str]) -> object:
        read.extend(texts)
        return lexemes_of(read)

    monkeypatch.setattr(analysis, "lexemes_of", counted)
    documents = [
        Item("a", "added", chunks=(chunk("known", "old text"), chunk("new", "new text"))),
        Item("b", "added", chunks=(chunk("new", "new text"),)),
    ]
    analyse_items(documents, {"known"})
    assert read == ["new text"]
    assert [each.lexemes for document in documents for each in document.chunks] == [
        None, "'new':1 'text':2", "'new':1 'text':2",
    ]  # fmt: skip


@given(st.lists(st.integers(0, 40), max_size=12))
def test_windows_keep_order_and_lose_nothing(lengths: list[int]) -> None:
    items = [item(str(number), "x" * length) for number, length in enumerate(lengths)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "_WINDOW", 50)
        groups = list(windows(items))
    assert [each for group in groups for each in group] == items
    assert all(groups)
    for group in groups[:-1]:
        total = [sum(len(element.text) for element in each.parsed.elements) for each in group if each.parsed]
        assert sum(total) >= 50 > sum(total[:-1])


def test_others_come_before_korean_documents() -> None:
    items = [item("ko", "비밀번호를 바꿉니다."), item("en", "Change it."), Item("none", "added")]
    assert [each.uri for each in korean_last(items)] == ["en", "none", "ko"]


def test_a_document_is_described_alike_whether_its_korean_was_read_ahead_or_not() -> None:
    texts = ("서울의 하늘은행에서 비밀번호를 바꿉니다.", "비밀번호는 90일마다 바꿉니다.", "See the English guide, too.")
    ahead, alone = item("a.md", *texts), item("a.md", *texts)
    with reading_ahead([ahead]):
        describe_item(ahead, Parsed(tuple(Element("text", text) for text in texts)))
    describe_item(alone, Parsed(tuple(Element("text", text) for text in texts)))
    assert ahead.metadata == alone.metadata
    assert ahead.metadata["keywords"]
