"""Text, Markdown and HTML that is no text, wrongly encoded, or made to keep a parser busy."""

from __future__ import annotations

from tests.faults.hostile_file import MIB, HostileFile, hostile
from tests.faults.hostile_office import LAUGHS

BUSY = ("parsed", "timeout", "memory", "too_large", "corrupt")
"""Too much work on some machines, not on others."""
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40


def text_files() -> list[HostileFile]:
    """Return hostile texts."""
    return [*plain_files(), *markdown_files(), *html_files()]


def plain_files() -> list[HostileFile]:
    """Return plain text that is none, or hardly."""
    return [
        hostile("no-bytes.txt", b"", "empty"),
        hostile("no-bytes.pdf", b"", "empty"),
        hostile("no-bytes.docx", b"", "empty"),
        hostile("blanks.txt", b" \t\r\n" * 500, "empty"),
        hostile("wide-blanks.md", "\u3000\u00a0\u200b\n".encode() * 500, "empty", "parsed"),
        hostile("byte-order-mark.txt", b"\xef\xbb\xbf", "empty"),
        hostile("control-characters.txt", bytes(range(1, 9)) * 50, "empty", "binary", "parsed"),
        hostile("zero-bytes.txt", bytes(10_000), "binary", "empty"),
        hostile("zero-in-text.md", b"# Title\n\na\x00b", "binary", "parsed"),
        hostile("program.txt", PROGRAM, "binary", "unsupported"),
        hostile("noise.md", bytes((n * 197 + n // 7) % 256 for n in range(5000)), "binary", "encoding"),
        hostile("utf16-mark-then-noise.txt", b"\xff\xfe\x00\xd8\x00\xd8\x41", "encoding", "binary", "parsed"),
        hostile("half-a-character.txt", "문서입니다".encode()[:-1], "encoding", "parsed"),
        hostile(
            "mixed-encodings.txt", "가나다".encode() + "라마바".encode("cp949") + b"\xff\xfe", "encoding", "parsed"
        ),
        hostile("utf32.txt", "본문입니다".encode("utf-32"), "encoding", "binary", "parsed"),
        hostile("surrogates.txt", b"text \xed\xa0\x80 text", "encoding", "parsed"),
        hostile("one-line-of-20-mb.txt", b"word " * (4 * MIB), *BUSY),
        hostile("one-word-of-20-mb.txt", b"w" * (20 * MIB), *BUSY),
        hostile("paragraphs-500000.txt", b"a\n\n" * 500_000, *BUSY),
    ]


def markdown_files() -> list[HostileFile]:
    """Return Markdown that a careless regular expression never finishes."""
    columns = b"|a" * 100_000 + b"|\n" + b"|-" * 100_000 + b"|\n" + b"|b" * 100_000 + b"|\n"
    return [
        hostile("emphasis.md", b"*a **b _c __d " * 10_000, *BUSY),
        hostile("stars.md", b"*" * 100_000 + b"a" + b"_" * 100_000, *BUSY),
        hostile("brackets.md", b"[" * 50_000 + b"a" + b"](b)" * 50_000, *BUSY),
        hostile("backticks.md", b"".join(b"`" * n + b" a " for n in range(1, 500)), *BUSY),
        hostile("quotes-in-quotes.md", b"> " * 5_000 + b"a", *BUSY, "empty"),
        hostile("lists-in-lists.md", b"".join(b"  " * n + b"- a\n" for n in range(400)), *BUSY),
        hostile("columns-100000.md", columns, *BUSY),
        hostile("open-fence.md", b"```\n" + b"code\n" * 100_000, *BUSY),
        hostile("front-matter-without-end.md", b"---\n" + b"a: b\n" * 100_000, *BUSY),
        hostile(
            "laughing-front-matter.md",
            b"---\na: &a [x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%b]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(98, 107))
            + b"---\n\n# Title\n\ntext",
            *BUSY,
        ),
        hostile(
            "code-in-front-matter.md",
            b"---\na: !!python/object/apply:os.abort []\n---\n\n# T\n\ntext",
            "parsed",
            "corrupt",
        ),
    ]


def html_files() -> list[HostileFile]:
    """Return pages that are deep, long or malicious."""
    attributes = b" ".join(b"a%d=b" % number for number in range(100_000))
    return [
        hostile("divs-100000.html", b"<div>" * 100_000 + b"text", *BUSY, "empty"),
        hostile("tables-in-tables.html", b"<table><tr><td>" * 5_000 + b"text", *BUSY, "empty"),
        hostile("unclosed-tags.html", b"<b><i><a href=x>" * 50_000 + b"text", *BUSY, "empty"),
        hostile("attributes-100000.html", b"<html><body><p " + attributes + b">text</p>", *BUSY),
        hostile("one-line-of-50-mb.html", b"<html><p>" + b"word " * (10 * MIB), *BUSY, "empty"),
        hostile("billion-laughs.html", LAUGHS.encode(), "parsed", "bomb", "empty", "corrupt"),
        hostile("billion-laughs.xml", LAUGHS.encode(), "bomb", "unsupported"),
        hostile("zero-bytes.html", b"<p>te\x00xt</p>" + bytes(100), "binary", "parsed"),
        hostile("script-only.html", b"<script>while(1){}</script>", "empty"),
        hostile(
            "colspan.html", b"<table><tr><td colspan=99999999 rowspan=99999999>a</td></tr></table>", *BUSY, "empty"
        ),
        hostile("comment-without-end.html", b"<p>text</p><!-- " + b"- " * 500_000, *BUSY),
        hostile(
            "entity-numbers.html",
            b"<p>" + b"&#xD800;&#0;&#x110000;&#99999999999;" * 1_000 + b"x</p>",
            *BUSY,
            "encoding",
        ),
        hostile(
            "image-named.html", b"\x89PNG\r\n\x1a\n" + bytes(100), "binary", "corrupt", "empty", "no_ocr", "unsupported"
        ),
    ]
