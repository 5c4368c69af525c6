"""Recognise text in images with tesseract, Korean and English together."""

from __future__ import annotations

import io
import math
import os
import shutil
import subprocess
from functools import cache
from statistics import mean, median
from typing import Any

from ingestion.errors import Unparseable
from ingestion.items import Parsed
from ingestion.parsing.layout import Line, paragraphs

LANGUAGES = "kor+eng"
DOTS_PER_INCH = 300
MAX_PIXELS = 30_000_000
"""Of one rendered page; A4 at 300 dots per inch has 8.7 million."""
HEADING_RATIO = 1.25
"""Recognised boxes are uneven: a heading must stand out more than in a text layer."""
_POINTS = 72
_TIMEOUT_SECONDS = 120
_LEAST_CONFIDENCE = 50.0
_COLUMNS = (
    "level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height", "conf",
    "text",
)  # fmt: skip
_INSTALL = "install tesseract-ocr and tesseract-ocr-kor (Debian, Ubuntu), or `brew install tesseract tesseract-lang`"


@cache
def engine() -> str:
    """Return the name and version of the OCR engine.

    Raises:
        Unparseable: tesseract or one of its languages is not installed.
    """
    if shutil.which("tesseract") is None:
        raise Unparseable("no_ocr", f"its text is in images and tesseract is not installed; {_INSTALL}")
    listed = _tesseract("--list-langs").decode(errors="replace").split()
    if missing := set(LANGUAGES.split("+")) - set(listed):
        raise Unparseable("no_ocr", f"tesseract lacks its data for {', '.join(sorted(missing))}; {_INSTALL}")
    return "-".join(_tesseract("--version").decode(errors="replace").split()[:2])


def scale_for(width: float, height: float) -> float:
    """Return how many pixels a point gets: 300 dots per inch, fewer on a page that would be too large."""
    return min(DOTS_PER_INCH / _POINTS, math.sqrt(MAX_PIXELS / max(width * height, 1.0)))


def page_lines(page: Any, number: int) -> list[Line]:
    """Render a PDF page and recognise its lines."""
    scale = scale_for(*page.get_size())
    image = page.render(scale=scale, grayscale=True).to_pil()
    return recognise(image, number, scale)


def parse_image(data: bytes) -> Parsed:
    """Recognise the text of an image; a TIFF may have several pages.

    Raises:
        Unparseable: It is broken, or there is no OCR.
    """
    from PIL import Image, ImageOps, ImageSequence

    version = engine()
    with Image.open(io.BytesIO(data)) as image:
        found = [
            line
            for number, frame in enumerate(ImageSequence.Iterator(image), 1)
            for line in recognise(ImageOps.exif_transpose(frame).convert("L"), number, DOTS_PER_INCH / _POINTS)
        ]
        pages = getattr(image, "n_frames", 1)
    return Parsed(tuple(paragraphs(found, HEADING_RATIO)), metadata={"page_count": pages, "ocr": version})


def recognise(image: Any, number: int, scale: float) -> list[Line]:
    """Return the lines of a grey image as lines of page `number`.

    Args:
        image: A Pillow image.
        scale: Pixels per point.

    Raises:
        Unparseable: There is no OCR here, or it took too long.
    """
    engine()
    buffer = io.BytesIO()
    image.save(buffer, "PPM")
    # Page segmentation 6 (one block of text): the default garbles Korean.
    resolution = str(round(scale * _POINTS))
    options = ("-l", LANGUAGES, "--psm", "6", "--dpi", resolution)
    output = _tesseract("stdin", "stdout", *options, "txt", "tsv", data=buffer.getvalue())
    return _lines(output.decode(errors="replace"), number, scale, image.height)


def _tesseract(*arguments: str, data: bytes = b"") -> bytes:
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            ["tesseract", *arguments], input=data, capture_output=True, timeout=_TIMEOUT_SECONDS, env=environment,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Unparseable("too_large", f"recognising one page took over {_TIMEOUT_SECONDS} s") from error
    if done.returncode:
        raise Unparseable("corrupt", f"tesseract failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout


def _lines(output: str, number: int, scale: float, height: int) -> list[Line]:
    """Read tesseract's text and table of words; the table's pixels count downwards, our points upwards.

    The table cuts Korean words into syllables; only the text knows which of them belong together.
    """
    words: dict[tuple[str, ...], list[dict[str, str]]] = {}
    written: dict[str, str] = {}
    for line in output.split("\n"):
        cells = line.split("\t")
        if len(cells) != len(_COLUMNS):
            written["".join(line.split())] = " ".join(line.split())
            continue
        row = dict(zip(_COLUMNS, cells, strict=True))
        if row["level"] == "5" and row["text"].strip():
            words.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(row)
    return [_line(line, written, number, scale, height) for line in words.values() if _says_something(line)]


def _line(words: list[dict[str, str]], written: dict[str, str], number: int, scale: float, height: int) -> Line:
    left = min(int(word["left"]) for word in words)
    top = min(int(word["top"]) for word in words)
    right = max(int(word["left"]) + int(word["width"]) for word in words)
    bottom = max(int(word["top"]) + int(word["height"]) for word in words)
    text = " ".join(word["text"] for word in words)
    size = median(int(word["height"]) for word in words) / scale
    place = (left / scale, (height - bottom) / scale, right / scale, (height - top) / scale)
    return Line(written.get("".join(text.split()), text), *place, number, size)


def _says_something(words: list[dict[str, str]]) -> bool:
    """Drop what tesseract reads into pictures: it is not sure of it, or it has no letters."""
    sure = [float(word["conf"]) for word in words if any(map(str.isalnum, word["text"]))]
    return bool(sure) and mean(sure) >= _LEAST_CONFIDENCE
