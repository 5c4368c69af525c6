"""Code is cut by function and class, in every language there is a grammar of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunking import chunk
from ingestion.chunking.syntax import GRAMMARS
from ingestion.items import Chunk, Element
from tests.unit.ingestion.chunking.documents import LIMITS

PYTHON = '''"""Module."""
import os
import sys

LIMIT = 1


# 이름을 돌려준다
@cache
def name(key):
    """Return it."""
    return key


class Shelf:
    """Holds books."""

    size: int = 0

    # Adds one.
    def add(self, book):
        self.books.append(book)

    async def drop(self):
        pass


if __name__ == "__main__":
    name(1)
'''


def cut(source: str, language: str, max_tokens: int = 64) -> list[Chunk]:
    document = [Element("heading", "file", 1), Element("code", source)]
    return chunk(document, replace(LIMITS, window_tokens=64, max_tokens=max_tokens), programming_language=language)


def test_functions_and_classes_are_passages_with_their_names() -> None:
    parts = cut(PYTHON, "python")
    assert [part.heading_path for part in parts] == [
        ("file",),
        ("file", "def name"),
        ("file", "class Shelf"),
        ("file",),
    ]
    assert parts[0].text == '"""Module."""\nimport os\nimport sys\n\nLIMIT = 1'
    assert parts[1].text.startswith("# 이름을 돌려준다\n@cache\ndef name")
    assert parts[3].text.startswith("if __name__")


def test_a_class_that_is_too_long_is_cut_by_method() -> None:
    parts = cut(PYTHON, "python", max_tokens=16)
    assert [part.heading_path[1:] for part in parts] == [
        (), ("def name",), ("class Shelf",), ("class Shelf", "def add"), ("class Shelf", "async def drop"), (),
    ]  # fmt: skip
    assert parts[3].text == "    # Adds one.\n    def add(self, book):\n        self.books.append(book)"


def test_an_edited_function_changes_its_own_passage_only() -> None:
    known = {part.chunk_hash for part in cut(PYTHON, "python")}
    edited = cut(PYTHON.replace("return key", "return key or None"), "python")
    assert [part.heading_path[-1] for part in edited if part.chunk_hash not in known] == ["def name"]


@pytest.mark.parametrize(
    ("language", "source", "names"),
    [
        ("javascript", "import a from 'a';\nexport class A { m() {} }\nconst f = () => 1;\nfunction g() {}\n",
         ["class A", "const f", "function g"]),
        ("typescript", "interface I { a: number }\nexport default function g(): void {}\n",
         ["interface I", "function g"]),
        ("tsx", "export const App = () => <p>hi</p>;\n", ["const App"]),
        ("java", "package a;\n/** Doc. */\n@X\npublic class A { void m() {} }\n", ["public class A"]),
        ("go", "package a\n// F does.\nfunc (s *S) F() {}\ntype T struct { x int }\n", ["func (s *S) F", "type T"]),
        ("rust", "use a;\n#[test]\npub fn f() {}\nimpl D for F { fn a() {} }\nmod m { fn x() {} }\n",
         ["pub fn f", "impl D for F", "mod m", "fn x"]),
        ("c", "#include <a>\nstatic int *f(void)\n{\n}\nstruct s { int a; };\n", ["static int *f", "struct s"]),
        ("cpp", "namespace n { class A { int f(); }; }\ntemplate <class T>\nT A::g(T x) { return x; }\n",
         ["namespace n", "class A", "T A::g"]),
        ("bash", "# Doc.\nfoo() { ls; }\nfunction bar { ls; }\nls\n", ["foo", "function bar"]),
    ],
)  # fmt: skip
def test_definitions_of_every_language_are_named(language: str, source: str, names: list[str]) -> None:
    parts = cut(source, language)
    found = [name for part in parts for name in part.heading_path[1:]]
    assert list(dict.fromkeys(found)) == names
    assert "".join("".join(part.text for part in parts).split()) == "".join(source.split())


def test_code_of_an_unknown_language_stays_whole() -> None:
    assert [part.text for part in cut("FUNCTION a.\nEND.", "cobol")] == ["FUNCTION a.\nEND."]


def test_code_that_cannot_be_read_is_cut_between_lines() -> None:
    lines = [f"(((( {{{{ line {number} of no language" for number in range(40)]
    parts = cut("\n".join(lines), "python")
    assert [line for part in parts for line in part.text.split("\n")] == lines
    assert len(parts) > 2


@given(st.text("abc가:(){};#@\n \t\"'=defclasimport/*", max_size=600), st.sampled_from(sorted(GRAMMARS)))
@settings(deadline=None)
def test_no_character_of_any_code_is_lost_and_no_limit_exceeded(source: str, language: str) -> None:
    for limit in (16, 64):
        parts = cut(source, language, limit)
        assert "".join("".join(part.text for part in parts if part.kind == "code").split()) == "".join(source.split())
        assert all(part.token_count <= limit for part in parts)
