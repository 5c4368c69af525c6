"""EPUB files from manuscripts: every second-level heading begins a chapter."""

from __future__ import annotations

import io
import zipfile
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape

from manuscript import Block, Document

CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{language}">
<head><title>{title}</title></head>
<body>
{body}
</body>
</html>
"""
PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{language}">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
    <dc:title>{title}</dc:title>
    <dc:language>{language}</dc:language>
    <dc:creator>{author}</dc:creator>
    <dc:date>{date}</dc:date>
    {subjects}
    <meta property="dcterms:modified">{date}T00:00:00Z</meta>
  </metadata>
  <manifest>
    <item id="contents" href="contents.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    {items}
  </manifest>
  <spine><itemref idref="contents"/>{references}</spine>
</package>
"""


def build_epub(document: Document, blocks: list[Block]) -> bytes:
    """Set a manuscript as a book with a table of contents."""
    title = blocks[0].text
    parts = chapters(blocks)
    names = [f"chapter-{number:02}" for number in range(1, len(parts) + 1)]
    titles = [escape(part[0].text) for part in parts]
    entries = [f'<li><a href="{name}.xhtml">{title}</a></li>' for name, title in zip(names, titles, strict=True)]
    pages = {"contents": f'<nav epub:type="toc"><ol>{"".join(entries)}</ol></nav>'}
    pages |= {name: "\n".join(map(set_block, part)) for name, part in zip(names, parts, strict=True)}
    package = PACKAGE.format(
        identifier=uuid5(NAMESPACE_URL, document.target), title=escape(title), language=document.language,
        author=escape(document.author), date=document.published.date().isoformat(),
        subjects="".join(f"<dc:subject>{escape(tag)}</dc:subject>" for tag in document.tags),
        items="".join(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in names),
        references="".join(f'<itemref idref="{name}"/>' for name in names),
    )  # fmt: skip
    members = {"META-INF/container.xml": CONTAINER, "OEBPS/package.opf": package}
    for name, body in pages.items():
        members[f"OEBPS/{name}.xhtml"] = PAGE.format(language=document.language, title=escape(title), body=body)
    return pack(document, members)


def chapters(blocks: list[Block]) -> list[list[Block]]:
    """Cut a manuscript at its second-level headings; what stands before the first is a chapter too."""
    parts: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == "heading" and block.level == 2 and parts[-1]:
            parts.append([])
        parts[-1].append(block)
    return parts


def set_block(block: Block) -> str:
    """Return a block as XHTML."""
    if block.kind == "heading":
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if block.kind == "table":
        rows = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in block.rows]
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"
    if block.kind == "paragraph":
        return f"<p>{escape(block.text)}</p>"
    items = "".join(f"<li>{escape(row[0])}</li>" for row in block.rows)
    return f"<ol>{items}</ol>" if block.kind == "numbers" else f"<ul>{items}</ul>"


def pack(document: Document, members: dict[str, str]) -> bytes:
    """Pack the members of a book; its type comes first and uncompressed, as the format wants."""
    packed = io.BytesIO()
    moment = document.published.timetuple()[:6]
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", moment), "application/epub+zip")
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, moment), content.encode(), zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()
