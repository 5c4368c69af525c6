"""Lines become paragraphs and headings; running heads go."""

from __future__ import annotations

from ingestion.items import Element
from ingestion.parsing.layout import Line, paragraphs, without_running_heads


def line(text: str, y: float, page: int = 1, x: float = 50, size: float = 10) -> Line:
    return Line(text, x, y, x + 5 * len(text), y + size, page, size)


def texts(*lines: Line) -> list[str]:
    return [element.text for element in paragraphs(lines)]


def test_gaps_part_paragraphs_and_lines_join() -> None:
    assert texts(line("one", 100), line("two", 88), line("three", 60)) == ["one two", "three"]


def test_a_sentence_goes_on_in_the_next_column_or_page() -> None:
    assert texts(line("on the", 100), line("next column", 700, x=300), line("and page.", 700, 2)) == [
        "on the next column and page."
    ]
    assert texts(line("done.", 100), line("New", 700, x=300)) == ["done.", "New"]


def test_an_indented_line_after_a_sentence_begins_a_paragraph() -> None:
    assert texts(line("first", 100, x=60), line("ends.", 88), line("Second", 76, x=60), line("goes on", 64)) == [
        "first ends.", "Second goes on",
    ]  # fmt: skip


def test_hyphenated_words_are_whole_and_items_stay_lines() -> None:
    assert texts(line("con\ufffe", 100), line("tract", 88)) == ["contract"]
    assert texts(line("Bring:", 100), line("• soap", 88), line("• towel", 76)) == ["Bring:\n• soap\n• towel"]


def test_larger_lines_are_headings_if_they_are_words() -> None:
    body = [line(f"body {number}", 80 - 12 * number) for number in range(5)]
    large = [line("제목", 140, size=18), line("Part", 110, size=13)]
    found = list(paragraphs([*large, *body, line("+ = 0", 0, size=18)]))
    assert [(element.kind, element.level) for element in found] == [
        ("heading", 1), ("heading", 2), ("text", 0), ("text", 0),
    ]  # fmt: skip


def test_an_element_keeps_its_place() -> None:
    table = Element("table", "a | b", page=1)
    assert list(paragraphs([line("before", 100), table, line("after", 88)]))[1] == table


def kept(*pages: list[Line]) -> list[str]:
    return [one.text for one in without_running_heads(pages) if isinstance(one, Line)]


def test_headers_stay_once_and_page_numbers_go() -> None:
    pages = [
        [line("Policy 2026", 800, page), line(f"text of {page}", 700, page), line(f"Page {page + 4} of 9", 20, page)]
        for page in (1, 2, 3)
    ]
    assert kept(*pages) == ["Policy 2026", "text of 1", "text of 2", "text of 3"]


def test_lines_that_only_look_alike_stay() -> None:
    pages = [[line(f"text {page}", 800, page, x=page), line(f"Total: {total}", 20, page)] for page, total in
             ((1, 7), (2, 5), (3, 70))]  # fmt: skip
    assert [text for text in kept(*pages) if text.startswith("Total")] == ["Total: 7", "Total: 5", "Total: 70"]


def test_on_short_documents_only_the_number_of_the_page_goes() -> None:
    first = [line("Policy", 800), line("text", 700), line("- 1 -", 20)]
    assert kept(first, [], [line("42", 20, 3)]) == ["Policy", "text", "42"]
