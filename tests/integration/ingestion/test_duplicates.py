"""Near-identical documents: one is served, the other is kept, explained, and comes back."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.integration.ingestion.conftest import Folder

WORDS = [
    "account",
    "backup",
    "calendar",
    "expense",
    "folder",
    "guide",
    "holiday",
    "invoice",
    "journal",
    "key",
    "limit",
    "계정",
    "비밀번호",
    "휴가",
    "규정",
    "보안",
]


def _text(seed: int, words: int = 600) -> str:
    generator = random.Random(seed)
    paragraphs = [" ".join(generator.choices(WORDS, k=30)) for _ in range(words // 30)]
    return f"# Guide {seed}\n\n" + "\n\n".join(paragraphs)


def _near(text: str) -> str:
    return text.replace("account", "profile", 2)


def test_a_near_copy_is_kept_explained_and_comes_back(folder: Folder) -> None:
    text = _text(1)
    folder.put("old.md", text)
    folder.sync()
    folder.put("new.md", _near(text), later=True)
    receipt = folder.sync()
    assert (receipt.indexed, receipt.duplicate) == (1, 0), "the newer one is served"
    assert (folder.versions("old.md"), folder.versions("new.md")) == ({1: "duplicate"}, {1: "current"})
    [(reason,)] = folder.query(
        "select reason from corpus.versions where document_id = %s", folder.document_id("old.md")
    )
    assert reason.startswith("duplicate: of s3://")
    assert reason.endswith("as it is newer")
    clusters = folder.query(
        "select role, reason from marts.duplicate_clusters where tenant_id = %s order by role", folder.name
    )
    assert [role for role, _ in clusters] == ["duplicate", "winner"]
    folder.delete("new.md")
    back = folder.sync()
    assert (back.deleted, back.chunks_embedded) == (1, 0)
    assert folder.versions("old.md") == {1: "current"}
    assert folder.live_texts()


def test_the_ledger_counts_what_gave_way(new_folder: Callable[..., Any]) -> None:
    trusted = new_folder(authority=90)
    copy = new_folder(trusted.name, authority=10)
    text = _text(2)
    trusted.put("a.md", text)
    trusted.sync()
    copy.put("b.md", _near(text))
    receipt = copy.sync()
    assert (receipt.state, receipt.duplicate, receipt.indexed) == ("succeeded", 1, 0)
    [(reason,)] = copy.query("select reason from landing.run_items where run_id = %s", receipt.run_id)
    assert reason.endswith("as authority 90 over 10")
    assert copy.live_texts() == set()


def test_equal_documents_of_one_batch_serve_one(folder: Folder) -> None:
    """Short ones too, which have no signature: they are found by their text alone, each by every other."""
    for text in (_text(5), "# Note\n\nThe same few words.\n"):
        names = [f"{len(text)}-{number}.md" for number in range(3)]
        for name in names:
            folder.put(name, text)
        receipt = folder.sync()
        assert (receipt.state, receipt.indexed, receipt.duplicate) == ("succeeded", 1, 2)
        # All at once again, each with a version that another has been before.
        for name in names:
            folder.put(name, text + "\nAnother paragraph, equal in all of them.\n")
        receipt = folder.sync()
        assert (receipt.state, receipt.indexed, receipt.duplicate) == ("succeeded", 1, 2)


def test_an_edit_that_tells_them_apart_serves_both(folder: Folder) -> None:
    text = _text(3)
    folder.put("a.md", text)
    folder.put("b.md", _near(text))
    folder.sync()
    assert sorted([folder.versions("a.md")[1], folder.versions("b.md")[1]]) == ["current", "duplicate"]
    folder.put("b.md", _text(4))
    folder.sync()
    assert folder.versions("a.md")[1] == "current"
    assert folder.versions("b.md")[2] == "current"


def test_another_tenants_copy_never_hides_ours(new_folder: Callable[..., Any]) -> None:
    ours, theirs = new_folder(authority=10), new_folder(authority=90)
    for folder in (theirs, ours):
        folder.put("a.md", _text(5))
        assert folder.sync().indexed == 1


def test_a_copy_that_fewer_may_read_hides_nothing(new_folder: Callable[..., Any]) -> None:
    board = new_folder(authority=90, access_groups=["board"])
    everyone = new_folder(board.name, authority=10, access_groups=["everyone", "board"])
    board.put("a.md", _text(6))
    board.sync()
    everyone.put("a.md", _text(6))
    assert everyone.sync().indexed == 1
    assert board.versions("a.md") == {1: "duplicate"} or board.versions("a.md") == {1: "current"}


def test_a_draft_gives_way_to_what_is_published_although_it_is_newer(folder: Folder) -> None:
    text = _text(7)
    folder.put("published.md", text)
    folder.sync()
    folder.put("draft.md", f"---\nstatus: draft\n---\n{_near(text)}")
    assert folder.sync().duplicate == 1
    assert folder.versions("published.md") == {1: "current"}


def test_signatures_survive_and_are_not_made_twice(folder: Folder) -> None:
    folder.put("a.md", _text(8))
    folder.sync()
    rows = "select version_id, xmin::text from corpus.signatures where tenant_id = %s"
    before = folder.query(rows, folder.name)
    assert len(before) == 1
    folder.sync()
    assert folder.query(rows, folder.name) == before
