"""Word, Excel, PowerPoint and EPUB files that open as archives and are wrong inside."""

from __future__ import annotations

import io
import zipfile

from tests.faults.hostile_archives import zipped
from tests.faults.hostile_file import HostileFile, hostile

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol0 "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
    + "]><lolz>&lol9;</lolz>"
)
XXE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
LONG = "a" * 100_000
QUADRATIC = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "{LONG}">]><a>{"&x;" * 10_000}</a>'


def word() -> bytes:
    """Write a good Word document."""
    import docx

    document = docx.Document()
    document.add_heading("Report", 1)
    for number in range(50):
        document.add_paragraph(f"Paragraph {number} 단락입니다.")
    return _saved(document)


def sheet() -> bytes:
    """Write a good Excel workbook."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in range(50):
        book.active.append([f"품목 {row}", row])
    return _saved(book)


def slides() -> bytes:
    """Write a good presentation."""
    import pptx

    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[0])
    slide.shapes.title.text = "Quarter"
    return _saved(presentation)


def book() -> bytes:
    """Write a good EPUB."""
    container = '<container><rootfiles><rootfile full-path="o.opf"/></rootfiles></container>'
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest><item id="c" href="c.xhtml" '
        'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>'
    )
    chapter = '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>One</h1><p>첫 장입니다.</p></body></html>'
    parts = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "o.opf": package}
    return zipped({name: text.encode() for name, text in (parts | {"c.xhtml": chapter}).items()})


def replaced(data: bytes, changes: dict[str, bytes | None]) -> bytes:
    """Return an archive with some parts replaced, or left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | changes
    return zipped({name: content for name, content in parts.items() if content is not None})


def office_files() -> list[HostileFile]:
    """Return hostile Office files and books."""
    document, workbook, presentation, epub = word(), sheet(), slides(), book()
    body = "word/document.xml"
    wide = b"<w:p><w:r><w:t>x</w:t></w:r></w:p>"
    deep = b"<w:tbl><w:tr><w:tc>" * 20_000
    cut = [
        hostile(f"cut-at-{share}-percent.{kind}", data[: len(data) * share // 100], "corrupt", "unsupported")
        for kind, data in {"docx": document, "xlsx": workbook, "pptx": presentation, "epub": epub}.items()
        for share in (10, 50, 99)
    ]
    return [
        *cut,
        hostile("billion-laughs.docx", replaced(document, {body: LAUGHS.encode()}), "bomb"),
        hostile("billion-laughs-utf16.docx", replaced(document, {body: LAUGHS.encode("utf-16")}), "bomb"),
        hostile("billion-laughs.xlsx", replaced(workbook, {"xl/sharedStrings.xml": LAUGHS.encode()}), "bomb"),
        hostile("billion-laughs.pptx", replaced(presentation, {"ppt/slides/slide1.xml": LAUGHS.encode()}), "bomb"),
        hostile("billion-laughs.epub", replaced(epub, {"c.xhtml": LAUGHS.encode()}), "bomb"),
        hostile("quadratic-entities.docx", replaced(document, {body: QUADRATIC.encode()}), "bomb"),
        hostile("reads-passwords.docx", replaced(document, {body: XXE.encode()}), "unsafe"),
        hostile("reads-passwords.epub", replaced(epub, {"c.xhtml": XXE.encode()}), "unsafe"),
        hostile("without-body.docx", replaced(document, {body: None}), "corrupt", "unsupported"),
        hostile("without-types.docx", replaced(document, {"[Content_Types].xml": None}), "corrupt"),
        hostile("without-relations.xlsx", replaced(workbook, {"xl/_rels/workbook.xml.rels": None}), "corrupt", "empty"),
        hostile("without-sheet.xlsx", replaced(workbook, {"xl/worksheets/sheet1.xml": None}), "corrupt", "empty"),
        hostile("without-slide.pptx", replaced(presentation, {"ppt/slides/slide1.xml": None}), "corrupt", "empty"),
        hostile("without-package.epub", replaced(epub, {"o.opf": None}), "corrupt", "empty"),
        hostile("without-chapter.epub", replaced(epub, {"c.xhtml": None}), "corrupt", "empty"),
        hostile("body-is-noise.docx", replaced(document, {body: bytes(range(256)) * 20}), "corrupt"),
        hostile("body-is-empty.docx", replaced(document, {body: b""}), "corrupt"),
        hostile("nested-tables.docx", replaced(document, {body: _body(deep)}), "corrupt", "timeout", "memory", "empty"),
        hostile(
            "many-paragraphs.docx",
            replaced(document, {body: _body(wide * 200_000)}),
            "parsed",
            "bomb",
            "timeout",
            "memory",
        ),
        hostile(
            "chapters-in-a-circle.epub",
            replaced(epub, {"c.xhtml": epub}),
            "corrupt",
            "empty",
            "binary",
            "bomb",
            "unsupported",
        ),
        hostile("word-named.xlsx", document, "parsed"),
        hostile("sheet-named.txt", workbook, "parsed"),
        hostile(
            "sheet-at-the-far-corner.xlsx", _far_corner(workbook), "parsed", "timeout", "memory", "too_large", "corrupt"
        ),
    ]


def _saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def _body(content: bytes) -> bytes:
    space = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return b'<?xml version="1.0"?><w:document xmlns:w="' + space + b'"><w:body>' + content + b"</w:body></w:document>"


def _far_corner(workbook: bytes) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    part = f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'
    return replaced(workbook, {"xl/worksheets/sheet1.xml": part.encode()})
