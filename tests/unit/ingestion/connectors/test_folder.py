"""A folder as a source."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from ingestion.connectors import file_name
from ingestion.connectors.folder import FolderConnector, folder_uri
from ingestion.errors import SourceRefused, SourceUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "문서 100%"
    folder.mkdir()
    return folder


def connect(folder: Path, max_bytes: int = 1000) -> FolderConnector:
    return FolderConnector(folder_uri(folder), max_bytes)


def names(folder: Path) -> list[str]:
    return [file_name(entry.uri) for entry in connect(folder).list()]


def test_lists_files_of_all_folders_with_size_and_state(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "휴가#1?.md").write_text("휴가")
    (folder / "b.md").write_text("b")
    first, second = connect(folder).list()
    assert (first.uri, first.byte_count) == (f"{folder_uri(folder)}/a/휴가#1?.md", 6)
    assert connect(folder).read(first.uri).data.decode() == "휴가"
    assert second.uri.endswith("/b.md")


def test_state_changes_with_the_bytes_and_survives_a_second_look(folder: Path) -> None:
    file = folder / "a.md"
    file.write_text("one")
    before = connect(folder).list()[0].etag
    assert connect(folder).list()[0].etag == before
    file.write_text("two")
    os.utime(file, ns=(1, 1))  # an older date, as a restored backup has
    entry = connect(folder).list()[0]
    assert entry.etag != before
    assert entry.modified_at is None, "an old date must not make a newer state look stale"


def test_ignores_hidden_files_and_droppings(folder: Path) -> None:
    for name in ("~$plan.docx", ".hidden.md", "a.md~", ".a.md.swp", "b.swp", "Thumbs.db", "#c#", "d.pdf.part"):
        (folder / name).write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.md").write_text("x")
    (folder / "kept.md").write_text("x")
    assert names(folder) == ["kept.md"]


def test_never_leaves_the_folder_by_a_link(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (folder / "real.md").write_text("real")
    (folder / "file.md").symlink_to(outside / "secret.md")
    (folder / "linked").symlink_to(outside)
    (folder / "circle").symlink_to(folder)
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "broken.md").symlink_to(folder / "nothing")
    (folder / "inside.md").symlink_to(folder / "real.md")
    assert names(folder) == ["inside.md", "real.md"]


@pytest.mark.parametrize("path", ["/swapped.md", "/linked/secret.md", "/../outside/secret.md", "x/secret.md"])
def test_never_reads_what_lies_outside(folder: Path, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (folder / "swapped.md").symlink_to(outside / "secret.md")
    (folder / "linked").symlink_to(outside)
    with pytest.raises(SourceRefused):
        connect(folder).read(folder_uri(folder) + path)


def test_a_missing_folder_is_unavailable_not_empty(folder: Path) -> None:
    with pytest.raises(SourceUnavailable, match="mounted"):
        connect(folder / "gone").list()


def test_a_folder_below_that_cannot_be_opened_is_no_removal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.md").write_text("a")
    (folder / "closed").mkdir()
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceUnavailable, match="Permission denied"):
        connect(folder).list()


def test_a_file_that_cannot_be_read_fails_alone(folder: Path) -> None:
    (folder / "a.md").write_text("a")
    entry = connect(folder).list()[0]
    (folder / "a.md").unlink()
    with pytest.raises(SourceUnavailable, match="No such file"):
        connect(folder).read(entry.uri)
    os.mkfifo(folder / "a.md")  # opening one would wait for a writer for ever
    with pytest.raises(SourceRefused, match="regular"):
        connect(folder).read(entry.uri)


def test_a_file_that_has_grown_over_the_limit_is_refused(folder: Path) -> None:
    (folder / "a.md").write_bytes(b"x" * 1001)
    with pytest.raises(SourceRefused, match="1000 bytes"):
        connect(folder).read(connect(folder).list()[0].uri)


def test_one_name_in_two_unicode_forms_is_one_document(folder: Path) -> None:
    composed = unicodedata.normalize("NFC", "연차.md")
    (folder / unicodedata.normalize("NFD", composed)).write_text("decomposed")
    entry = connect(folder).list()[0]
    assert file_name(entry.uri) == composed
    assert connect(folder).read(entry.uri).data == b"decomposed"
    (folder / composed).write_text("composed name")
    assert [file_name(entry.uri) for entry in connect(folder).list()] == [composed]
    assert connect(folder).read(entry.uri).data == b"composed name"


def test_a_name_that_is_no_text_is_listed_and_fails_alone(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9.md")).write_text("x")
    entry = connect(folder).list()[0]
    entry.uri.encode()  # it can be stored
    with pytest.raises(SourceUnavailable):
        connect(folder).read(entry.uri)
