"""PDF files that are broken, locked or larger than they look."""

from __future__ import annotations

import io

from tests.faults.hostile_file import HostileFile, hostile, zlib_stream

TEXT = b"BT /F1 12 Tf 100 700 Td (A line of text) Tj ET\n"
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def pdf(*objects: bytes) -> bytes:
    """Write objects 1, 2, 3 … and a table of where they are."""
    body, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size, start = len(objects) + 1, len(body)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start)
    return bytes(body) + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def one_page(content: bytes, keys: bytes = b"") -> bytes:
    """Write a PDF of one page with this content stream."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
    stream = b"<</Length %d%b>>stream\n%b\nendstream" % (len(content), keys, content)
    return pdf(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream, FONT)


def pages(count: int) -> bytes:
    """Write a PDF of many pages that share their content."""
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    stream = b"<</Length %d>>stream\n%b\nendstream" % (len(TEXT), TEXT)
    return pdf(CATALOG, b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, count), stream, FONT, *[page] * count)


def locked(algorithm: str, password: str) -> bytes:
    """Encrypt a PDF with a password that opens it."""
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(one_page(TEXT)))
    writer.encrypt(password, algorithm=algorithm)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def pdf_files() -> list[HostileFile]:
    """Return hostile PDF files."""
    good, flate = one_page(TEXT), b"/Filter/FlateDecode"
    script = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"
    limits = ("bomb", "memory", "timeout", "too_large", "empty", "corrupt", "no_ocr")
    double = zlib_stream(1, zlib_stream(200))
    circle = pdf(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>")
    own_parent = pdf(CATALOG, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 99999999>>")
    blank = pdf(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>")
    huge = blank.replace(b"[0 0 612 792]", b"[0 0 9999999 9999999]")
    return [
        *(hostile(f"cut-at-{n}.pdf", good[:n], "corrupt", "parsed", "empty", "no_ocr") for n in (9, 100, 300, 500)),
        hostile("locked-rc4.pdf", locked("RC4-128", "geheim"), "encrypted"),
        hostile("locked-aes.pdf", locked("AES-256", "비밀"), "encrypted"),
        hostile("stream-of-2-gb.pdf", one_page(zlib_stream(2048), flate), *limits),
        hostile("stream-in-stream.pdf", one_page(double, b"/Filter[/FlateDecode/FlateDecode]"), *limits),
        hostile("text-of-200-mb.pdf", one_page(zlib_stream(200, TEXT), flate), *limits, "parsed"),
        hostile("pages-in-a-circle.pdf", circle, "corrupt", "empty", "no_ocr"),
        hostile("its-own-parent.pdf", own_parent, "corrupt", "empty", "timeout", "no_ocr"),
        hostile("pages-100000.pdf", pages(100_000), "parsed", "timeout", "memory", "too_large"),
        hostile("without-text.pdf", blank, "empty", "no_ocr"),
        hostile("a-page-of-kilometres.pdf", huge, *limits),
        hostile("wrong-table.pdf", good.replace(b"0000000", b"9999999"), "parsed", "corrupt", "empty", "no_ocr"),
        hostile("points-beyond-its-end.pdf", good.replace(b"startxref\n", b"startxref\n999999"), "parsed", "corrupt"),
        hostile("only-the-header.pdf", b"%PDF-1.7\n", "corrupt"),
        hostile("noise-behind-the-header.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 400, "corrupt"),
        hostile("with-javascript.pdf", good.replace(CATALOG, script), "parsed"),
        hostile("deep-array.pdf", one_page(b"[" * 200_000 + TEXT), "parsed", "empty", "corrupt", "no_ocr", "timeout"),
        hostile("pdf-named.docx", good, "parsed"),
        hostile("text-named.pdf", b"just some text", "corrupt"),
    ]
