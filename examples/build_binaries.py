"""Write the DOCX and PDF files of the sample corpus from their manuscripts.

Word and PDF files cannot be read in a diff, so their text is kept as Markdown under `manuscripts/`
and this script sets it. The same manuscripts, library versions and font give the same bytes:

    python examples/build_binaries.py           # write the files
    python examples/build_binaries.py --check   # compare with the committed files, write nothing

Only the part of Markdown that the manuscripts use is understood: headings, paragraphs, one-level
lists and tables. The Korean PDF embeds the glyphs it needs of Nanum Gothic, so that it shows alike
everywhere. The font ships in the package `koreanize-matplotlib` (0.1.1; `--no-deps` is enough) and
is cut with `fonttools`; `--fonts` names another folder with `NanumGothic.ttf` and
`NanumGothicBold.ttf`.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import re
import sys
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import docx
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

HERE = Path(__file__).resolve().parent
HANDBOOK = HERE / "corpus" / "handbook"
MARGIN = 23 * mm


@dataclass(frozen=True)
class Document:
    """One binary file: where its text is, where it goes, and what its properties say."""

    manuscript: str
    target: str
    author: str
    language: str
    published: datetime


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


DOCUMENTS = [
    Document("expenses.md", "people/expenses.docx", "Finance", "en-GB", datetime(2026, 4, 1)),
    Document("travel-expenses-ko.md", "people/출장비-정산-안내.docx", "오민재", "ko-KR",
             datetime(2026, 3, 2)),
    Document("security-policy.md", "engineering/security-policy.pdf", "Inês Carvalhal", "en-GB",
             datetime(2026, 8, 28)),
    Document("backup-restore-guide-ko.md", "engineering/backup-restore-guide-ko.pdf", "백승호",
             "ko-KR", datetime(2026, 8, 19)),
]  # fmt: skip


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


def build_docx(document: Document, blocks: list[Block]) -> bytes:
    """Set a manuscript with Word's own heading, list and table styles."""
    word = docx.Document()
    style = word.styles["Normal"]
    style.font.name = "Calibri"
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Malgun Gothic")
    for block in blocks:
        if block.kind == "heading":
            word.add_heading(block.text, level=block.level)
        elif block.kind == "table":
            add_word_table(word, block.rows)
        else:
            named = {"bullets": "List Bullet", "numbers": "List Number", "paragraph": "Normal"}
            for row in block.rows:
                word.add_paragraph(row[0], style=named[block.kind])
    properties = word.core_properties
    properties.title = blocks[0].text
    properties.author = properties.last_modified_by = document.author
    properties.language, properties.comments = document.language, ""
    properties.created = properties.modified = document.published
    buffer = io.BytesIO()
    word.save(buffer)
    return with_fixed_dates(buffer.getvalue(), document.published)


def add_word_table(word: WordDocument, rows: list[list[str]]) -> None:
    """Add a table whose first row is marked as its header."""
    table = word.add_table(rows=len(rows), cols=len(rows[0]), style="Light Grid Accent 1")
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            cell.text = text
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def with_fixed_dates(archive: bytes, moment: datetime) -> bytes:
    """Pack a zip archive again, its members dated alike: python-docx writes the current time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, moment.timetuple()[:6])
            new.writestr(member, old.read(name), zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


def build_pdf(document: Document, blocks: list[Block], fonts: Path | None) -> bytes:
    """Set a manuscript on A4 pages with a text layer and, for Korean, an embedded font."""
    regular, bold = ("Helvetica", "Helvetica-Bold")
    if document.language.startswith("ko"):
        regular, bold = register_nanum(fonts or nanum_folder(), "".join(map(str, blocks)))
    epoch = document.published.replace(tzinfo=UTC).timestamp()
    os.environ["SOURCE_DATE_EPOCH"] = str(int(epoch))  # the only way to choose ReportLab's date
    buffer = io.BytesIO()
    pages = NumberedPages(
        buffer, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN,
        bottomMargin=MARGIN, title=blocks[0].text, author=document.author, creator="Haneul Works",
        subject="", lang=document.language, invariant=1,
    )  # fmt: skip
    pages.build([flowable for block in blocks for flowable in set_block(block, regular, bold)])
    return buffer.getvalue()


class NumberedPages(SimpleDocTemplate):
    """Pages whose number stands at the foot, and so last in the text layer too."""

    def afterPage(self) -> None:
        """Write the number of the page that has just been filled."""
        self.canv.setFont("Helvetica", 8)
        self.canv.drawRightString(A4[0] - MARGIN, 12 * mm, str(self.canv.getPageNumber()))


def nanum_folder() -> Path:
    """Find the installed font; looking does not import its package, which would want Matplotlib."""
    package = importlib.util.find_spec("koreanize_matplotlib")
    if package is None or package.origin is None:
        raise SystemExit("Nanum Gothic not found: see the first lines of this script.")
    return Path(package.origin).parent / "fonts"


def register_nanum(folder: Path, text: str) -> tuple[str, str]:
    """Make Nanum Gothic known to ReportLab; return the names of its regular and bold faces."""
    faces = ("NanumGothic", "NanumGothicBold")
    for face in faces:
        pdfmetrics.registerFont(TTFont(face, cut_font(folder / f"{face}.ttf", text)))
    return faces


def cut_font(path: Path, text: str) -> io.BytesIO:
    """Keep the glyphs of a text, without the hinting, which is more than half of a Korean font."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont as FontFile

    font = FontFile(path, recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[])
    options.drop_tables += ["kern", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]
    subsetter = Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    cut = io.BytesIO()
    font.save(cut)
    cut.seek(0)
    return cut


def set_block(block: Block, regular: str, bold: str) -> list[Flowable]:
    """Turn a block of a manuscript into what ReportLab lays out."""
    body = ParagraphStyle("body", fontName=regular, fontSize=10, leading=15, spaceAfter=6)
    if block.kind == "heading":
        size = {1: 18, 2: 13}[block.level]
        style = ParagraphStyle("head", fontName=bold, fontSize=size, leading=size * 1.4,
                               spaceBefore=8, spaceAfter=6, keepWithNext=1)  # fmt: skip
        return [Paragraph(escape(block.text), style)]
    if block.kind == "table":
        return [set_table(block.rows, regular, bold), Spacer(1, 8)]
    if block.kind == "paragraph":
        return [Paragraph(escape(block.text), body)]
    item = ParagraphStyle("item", parent=body, leftIndent=16, bulletFontName=regular, spaceAfter=3)
    marks = [f"{n}." if block.kind == "numbers" else "•" for n in range(1, len(block.rows) + 1)]
    return [Paragraph(escape(row[0]), item, bulletText=mark) for mark, row in zip(marks, block.rows, strict=True)]


def set_table(rows: list[list[str]], regular: str, bold: str) -> Table:
    """Lay out a ruled table whose header row is repeated on a new page."""
    table = Table(rows, repeatRows=1, hAlign="LEFT")
    table.setStyle(TableStyle([
        ("FONT", (0, 0), (-1, 0), bold, 9.5),
        ("FONT", (0, 1), (-1, -1), regular, 9.5),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]))  # fmt: skip
    return table


def build(document: Document, fonts: Path | None) -> bytes:
    """Return the bytes of one document."""
    blocks = read_blocks((HERE / "manuscripts" / document.manuscript).read_text("utf-8"))
    if document.target.endswith(".pdf"):
        return build_pdf(document, blocks, fonts)
    return build_docx(document, blocks)


def main() -> int:
    """Write the files, or with `--check` tell which of them differ; the exit code counts those."""
    parser = argparse.ArgumentParser(description="Write the DOCX and PDF files of the corpus.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--fonts", type=Path, help="folder with NanumGothic.ttf")
    options = parser.parse_args()
    different = 0
    for document in DOCUMENTS:
        target, content = HANDBOOK / document.target, build(document, options.fonts)
        same = target.exists() and target.read_bytes() == content
        if not options.check:
            target.write_bytes(content)
        different += options.check and not same
        state = "same" if same else "differs" if options.check else "written"
        sys.stdout.write(f"{state:8} {len(content):6} bytes  {target.relative_to(HERE)}\n")
    return different


if __name__ == "__main__":
    sys.exit(main())
