"""The walk over HTML: nothing is lost, nothing comes twice, order stays."""

from __future__ import annotations

import itertools
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.parsing.markup import elements, parse_fragment

BLOCKS = ("div", "section", "blockquote", "center", "details", "figure", "article")
INLINES = ("b", "i", "a", "span", "code", "em", "label", "font", "u")


def texts(markup: str) -> list[tuple[str, str]]:
    return [(element.kind, element.text) for element in elements(parse_fragment(markup))]


inline = st.recursive(
    st.just("%s"), lambda below: st.tuples(st.sampled_from(INLINES), below).map(lambda p: f"<{p[0]}>{p[1]}</{p[0]}>")
)
line = st.lists(inline, min_size=1, max_size=3).map(" ".join)


def wrapped(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    flow = st.lists(below, min_size=1, max_size=3).map(" ".join)
    return st.one_of(
        st.tuples(st.sampled_from(BLOCKS), flow).map(lambda p: f"<{p[0]}>{p[1]}</{p[0]}>"),
        flow.map(lambda text: f"<ul><li>{text}</li><li>%s</li></ul>"),
        flow.map(lambda text: f"<ol><li>%s {text}</li></ol>"),
        flow.map(lambda text: f"<dl><dt>%s</dt><dd>{text}</dd></dl>"),
        line.map(lambda text: f"<table><tr><th>{text}</th><td>%s<br>%s</td></tr></table>"),
        line.map(lambda text: f"<table><tr><td>{text}</td></tr></table>"),
        line.map(lambda text: f"<h2>{text}</h2>"),
        line.map(lambda text: f"<p>{text}</p>"),
        st.just("<pre>%s\n%s</pre>"),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(line, wrapped, max_leaves=12))
def test_every_word_is_in_exactly_one_element_in_order(template: str) -> None:
    counter = itertools.count()
    markup = re.sub("%s", lambda _: f"w{next(counter)}x", template)
    found = re.findall(r"w\d+x", " ".join(text for _, text in texts(markup)))
    assert found == [f"w{number}x" for number in range(next(counter))]


def test_lists_are_one_paragraph_with_numbers_and_levels() -> None:
    markup = "<ol start=3><li>셋<ul><li>안쪽</li></ul></li><li><p>넷</p><p>더</p></li></ol>"
    assert texts(markup) == [("text", "3. 셋\n  - 안쪽\n4. 넷\n  더")]


def test_cells_that_span_are_repeated_in_every_row() -> None:
    markup = """<table><caption>표</caption><tr><th>지역</th><th colspan="2">요금</th></tr>
        <tr><td rowspan="2">서울</td><td>1<br>원</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"""
    assert texts(markup) == [("text", "표"), ("table", "지역 | 요금 | 요금\n서울 | 1 원 | 2\n서울 | 3 | 4")]


def test_a_table_that_arranges_a_page_is_no_table() -> None:
    markup = "<table><tr><td><h1>제목</h1></td><td><p>본문</p></td></tr></table>"
    assert texts(markup) == [("heading", "제목"), ("text", "본문")]


def test_a_list_is_closed_before_a_table_in_it() -> None:
    markup = "<ul><li>a<table><tr><td>1</td><td>2</td></tr></table></li><li>b</li></ul>"
    assert texts(markup) == [("text", "- a"), ("table", "1 | 2"), ("text", "- b")]


def test_absurd_spans_and_depths_end() -> None:
    assert texts('<table><tr><td colspan="999999">a</td><td rowspan="x">b</td></tr></table>')[0][1].count("a") == 64
    assert texts("<div>" * 200 + "deep" + "</div>" * 200) == [("text", "deep")]
