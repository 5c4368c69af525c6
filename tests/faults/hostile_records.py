"""Tables, JSON, notebooks, mail, source code and images that are broken or endless."""

from __future__ import annotations

import struct
import zlib

from tests.faults.hostile_file import MIB, HostileFile, hostile, zlib_stream
from tests.faults.hostile_texts import BUSY

ANY = (*BUSY, "empty", "binary", "encoding", "unsupported")


def record_files() -> list[HostileFile]:
    """Return hostile files of structured formats."""
    return [*table_files(), *json_files(), *mail_files(), *image_files(), *code_files()]


def table_files() -> list[HostileFile]:
    """Return tables that are too wide, too long or unbalanced."""
    return [
        hostile("field-of-50-mb.csv", b'a,b\n"' + b"x" * (50 * MIB) + b'",1\n', *BUSY, "unsupported"),
        hostile("columns-1000000.csv", b"a," * 1_000_000 + b"\n" + b"1," * 1_000_000, *BUSY, "unsupported"),
        hostile("open-quote.csv", b'a,b\n"1,2\n' + b"3,4\n" * 50_000, *BUSY, "unsupported"),
        hostile("ragged.csv", b"a,b\n1\n1,2,3,4,5\n,,,,,,\n", "parsed", "corrupt", "unsupported"),
        hostile("formulas.csv", b"a,b\n=cmd|' /C calc'!A0,1\n", "parsed", "unsupported"),
    ]


def json_files() -> list[HostileFile]:
    """Return JSON at the edges of its grammar."""
    return [
        hostile("arrays-in-arrays.json", b"[" * 100_000 + b"]" * 100_000, *ANY),
        hostile("objects-in-objects.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, *ANY),
        hostile("number-of-million-digits.json", b'{"text": "a", "n": ' + b"9" * 1_000_000 + b"}", *ANY),
        hostile("infinite-exponent.json", b'{"text": "a", "n": 1e999999999}', *ANY),
        hostile("not-a-number.json", b'{"text": "a", "n": NaN, "m": -Infinity}', *ANY),
        hostile("same-key.json", b'{"a": "first", "a": "second"}', "parsed", "corrupt", "unsupported"),
        hostile("cut-off.json", b'{"text": "a long sen', "corrupt", "unsupported"),
        hostile("half-surrogate.json", b'{"text": "\\ud800 text"}', *ANY),
        hostile("zero-character.json", b'{"text": "a\\u0000b"}', *ANY),
        hostile("cut-off.jsonl", b'{"text": "a"}\n{"text":', "parsed", "corrupt", "unsupported"),
        hostile("cells-of-cells.ipynb", b'{"cells": [[[[1]]], null, {"cell_type": 5}], "nbformat": 4}', *ANY),
    ]


def mail_files() -> list[HostileFile]:
    """Return messages nobody wrote by hand."""
    boundaries = [b"b%d" % depth for depth in range(1_000)]
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n--%b\r\n' % (name, name) for name in boundaries
    )
    head = b"From: a@example.com\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
    coded = head + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=A=\r\n"
    return [
        hostile("parts-in-parts.eml", head + parts + b"Content-Type: text/plain\r\n\r\ntext\r\n", *ANY),
        hostile("broken-base64.eml", coded, *ANY),
        hostile("headers-of-10-mb.eml", head + b"X-A: " + b"b" * (10 * MIB) + b"\r\n\r\ntext\r\n", *ANY),
        hostile("headers-100000.eml", head + b"Received: x\r\n" * 100_000 + b"\r\ntext\r\n", *ANY),
        hostile(
            "unknown-charset.eml", head + b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfetext\r\n", *ANY
        ),
        hostile("only-headers.eml", head, *ANY),
    ]


def image_files() -> list[HostileFile]:
    """Return images that unpack to gigabytes, or do not unpack."""
    refused = ("bomb", "too_large", "corrupt", "empty", "no_ocr", "unsupported", "memory", "timeout")
    return [
        hostile("pixels-of-10-gb.png", png(60_000, 60_000, zlib_stream(100, b"\x00")), "bomb"),
        hostile("pixels-just-allowed.png", png(9_900, 9_900, zlib_stream(100, b"\x00")), *refused),
        hostile("cut-off.png", png(100, 100, zlib_stream(1))[:60], *refused),
        hostile("only-its-signature.png", b"\x89PNG\r\n\x1a\n", *refused),
        hostile("noise.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 10, *refused),
        hostile("directory-in-a-circle.tif", b"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00" + bytes(50), *refused),
        hostile("png-named.pdf", png(1, 1, zlib.compress(b"\x00\x00")), *refused),
        hostile("png-named.md", png(1, 1, zlib.compress(b"\x00\x00")), *refused, "binary"),
    ]


def code_files() -> list[HostileFile]:
    """Return source code no compiler would take."""
    return [
        hostile("parentheses.py", b"x = " + b"(" * 100_000, *ANY),
        hostile("nested-functions.py", b"".join(b" " * n + b"def f():\n" for n in range(2_000)), *ANY),
        hostile("braces.js", b"{" * 100_000, *ANY),
        hostile("one-line-of-10-mb.js", b"a=1;" * (2 * MIB + MIB // 2), *ANY),
    ]


def png(width: int, height: int, pixels: bytes) -> bytes:
    """Write a grey image whose header says what it is told to say."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    written = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
