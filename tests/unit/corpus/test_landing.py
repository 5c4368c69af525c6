"""Names of uploaded documents."""

from __future__ import annotations

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.landing import MAX_NAME, LandingRefused, document_name, upload_uri
from ingestion.connectors import file_name


@given(st.text(max_size=MAX_NAME + 5))
def test_a_name_is_refused_or_names_one_document_for_ever(name: str) -> None:
    with contextlib.suppress(LandingRefused):
        taken = document_name(name)
        assert document_name(taken) == taken == document_name(unicodedata.normalize("NFD", taken))
        assert file_name(upload_uri("inbox", name)) == taken
        taken.encode()


@pytest.mark.parametrize("name", ["연차 휴가.md", "a#b?c%.md", ".env", "report (1).pdf"])
def test_ordinary_names_are_kept(name: str) -> None:
    assert document_name(f" {name} ") == name
