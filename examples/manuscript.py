"""Manuscripts: the text of the corpus's binary files as simple Markdown, which a diff can show.

Only the part of Markdown that the manuscripts use is understood: headings, paragraphs, one-level lists and
tables.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Document:
    """One binary file: where its text is, where it goes, and what its properties say.

    Attributes:
        style: Of a PDF: plain, columns (two of them) or scan (images of the pages and no text).
    """

    manuscript: str
    target: str
    author: str
    language: str
    published: datetime
    tags: tuple[str, ...] = ()
    style: str = "plain"


@dataclass(frozen=True)
class Block:
    """One block of a manuscript: a heading, a paragraph, a list or a table."""

    kind: str
    rows: list[list[str]]
    level: int = 0

    @property
    def text(self) -> str:
        """The text of a heading or a paragraph."""
        return self.rows[0][0]


def read_blocks(manuscript: str) -> list[Block]:
    """Cut a manuscript into blocks at its blank lines."""
    return [read_block(part) for part in re.split(r"\n\s*\n", manuscript.strip())]


def read_block(part: str) -> Block:
    """Tell what one part of a manuscript is by how its first line begins."""
    lines = part.splitlines()
    if heading := re.match(r"(#+) (.+)", part):
        return Block("heading", [[heading[2]]], len(heading[1]))
    if part.startswith("|"):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        return Block("table", [rows[0], *rows[2:]])
    if part.startswith("- "):
        return Block("bullets", [[line[2:]] for line in lines])
    if re.match(r"\d+\. ", part):
        return Block("numbers", [[line.split(". ", 1)[1]] for line in lines])
    return Block("paragraph", [[" ".join(lines)]])


def with_fixed_dates(archive: bytes, moment: datetime) -> bytes:
    """Pack an Office file again, its members dated alike: its libraries write the current time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, moment.timetuple()[:6])
            content = old.read(name)
            if name == "docProps/core.xml":
                modified = rb"\g<1>" + f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", modified, content)
            new.writestr(member, content, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()
