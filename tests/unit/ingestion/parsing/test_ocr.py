"""Text in images. What needs tesseract says so when it is not there."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ingestion.errors import Unparseable
from ingestion.parsing import ocr, parse

SCAN = Path(__file__).parents[4] / "examples" / "corpus" / "handbook" / "people" / "대피-안내.pdf"
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract-ocr is not installed")


@pytest.fixture(autouse=True)
def fresh_engine() -> Iterator[None]:
    ocr.engine.cache_clear()
    yield
    ocr.engine.cache_clear()


def picture(text: str, form: str = "PNG") -> bytes:
    image = Image.new("L", (1200, 300), 255)
    ImageDraw.Draw(image).text((60, 100), text, fill=0, font_size=56)
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


@needs_tesseract
def test_a_scan_in_korean_and_english_becomes_text() -> None:
    parsed = parse(SCAN.read_bytes(), "application/pdf")
    text = " ".join(element.text for element in parsed.elements)
    assert "건물 밖 집결 장소는 북쪽 은행나무 광장입니다." in text
    assert "The assembly point is Ginkgo Square" in text
    assert next(element.text for element in parsed.elements if element.kind == "heading") == "대피 안내"
    assert parsed.metadata["ocr"].startswith("tesseract-")
    assert parsed.metadata["ocr_pages"] == [1]


@needs_tesseract
@pytest.mark.parametrize(("form", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff")])
def test_an_image_is_a_document(form: str, media_type: str) -> None:
    parsed = parse(picture("The spare key is in the blue box.", form), media_type)
    assert [element.text for element in parsed.elements] == ["The spare key is in the blue box."]
    assert parsed.metadata["page_count"] == 1


@needs_tesseract
def test_an_image_without_text_is_empty() -> None:
    with pytest.raises(Unparseable) as refusal:
        parse(picture(""), "image/png")
    assert refusal.value.kind == "empty"


def test_without_tesseract_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Unparseable, match="install tesseract-ocr and tesseract-ocr-kor") as refusal:
        parse(SCAN.read_bytes(), "application/pdf")
    assert refusal.value.kind == "no_ocr"


def test_without_korean_the_reason_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(ocr, "_tesseract", lambda *arguments: b"List of available languages:\neng\nosd\n")
    with pytest.raises(Unparseable, match="lacks its data for kor") as refusal:
        ocr.engine()
    assert refusal.value.kind == "no_ocr"


def test_a_huge_page_is_rendered_with_fewer_dots() -> None:
    assert ocr.scale_for(595, 842) == 300 / 72
    metres = 10_000 / 25.4 * 72
    assert (metres * ocr.scale_for(metres, metres)) ** 2 <= ocr.MAX_PIXELS * 1.001
