"""Source code and notebooks."""

from __future__ import annotations

import json

import pytest

from corpus.media_types import media_type
from ingestion.items import Element
from ingestion.parsing import parse


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("a.py", "python"),
        ("a.ts", "typescript"),
        ("a.tsx", "tsx"),
        ("a.cpp", "cpp"),
        ("a.sh", "bash"),
        ("a.sql", "sql"),
    ],
)
def test_code_is_one_element_and_names_its_language(name: str, language: str) -> None:
    data = "\r\n# 주석\r\nx = 1\r\n\r\n    y\r\n".encode()
    parsed = parse(data, media_type(name, data))
    assert parsed.elements == (Element("code", "# 주석\nx = 1\n\n    y"),)
    assert parsed.metadata == {"programming_language": language}


def test_notebook_keeps_text_and_code() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# 분석\n", "\n", "설명"]},
        {"cell_type": "code", "source": "print(1)\n", "outputs": [{"text": "1"}]},
        {"cell_type": "raw", "source": "raw"},
    ]
    notebook = {
        "cells": cells,
        "metadata": {"language_info": {"name": "python"}, "authors": [{"name": "Kim"}]},
        "nbformat": 4,
    }
    parsed = parse(json.dumps(notebook).encode(), "application/x-ipynb+json")
    assert parsed.elements == (
        Element("heading", "분석", 1), Element("text", "설명"), Element("code", "print(1)"), Element("text", "raw"),
    )  # fmt: skip
    assert parsed.metadata == {"author": "Kim", "programming_language": "python"}
