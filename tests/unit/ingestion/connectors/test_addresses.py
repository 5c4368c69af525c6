"""What people type for a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.connectors.addresses import source_address
from ingestion.errors import IngestionError


def test_recognises_kinds_by_their_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    assert source_address("n", "s3://bucket/p/") == ("s3", "s3://bucket/p/")
    assert source_address("n", "docs") == ("folder", f"file://{tmp_path}/docs")
    assert source_address("n", f"file://{tmp_path}/docs/") == ("folder", f"file://{tmp_path}/docs")
    assert source_address("n", "HTTPS://Docs.Example.com:443/sitemap.xml#x") == (
        "http",
        "https://docs.example.com/sitemap.xml",
    )
    assert source_address("inbox", "upload://") == ("upload", "upload://inbox")
    assert source_address("inbox", "upload://inbox", "upload") == ("upload", "upload://inbox")


@pytest.mark.parametrize(
    ("uri", "kind", "message"),
    [
        ("ftp://host/x", "auto", "no kind we know"),
        ("s3://bucket/x", "http", "of kind s3, not http"),
        ("s3:///x", "auto", "not an S3 address"),
        ("https://me:secret@host/", "auto", "user name or password"),
        ("https:///x", "auto", "no http"),
        ("file://server/share", "auto", "file:///absolute/path"),
        ("/no/such/folder", "auto", "no folder"),
        ("upload://other", "auto", "own name"),
        ("s3://bucket/x", "tape", "kinds are s3, folder, http, upload"),
    ],
)
def test_a_wrong_address_says_what_is_right(uri: str, kind: str, message: str) -> None:
    with pytest.raises(IngestionError, match=message) as caught:
        source_address("inbox", uri, kind)
    assert "secret" not in str(caught.value)
