"""The migration plan: history is append-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from sql.migrate import MigrationError, checksum, migration_files, plan


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "0001_a.sql", tmp_path / "0002_b.sql"]
    for path in paths:
        path.write_text(f"-- {path.name}")
    return paths


def test_plan_returns_what_is_missing_in_order(files: list[Path]) -> None:
    assert plan({}, files) == files
    assert plan({files[0].name: checksum(files[0])}, files) == files[1:]
    assert plan({path.name: checksum(path) for path in files}, files) == []


def test_plan_refuses_an_edited_migration(files: list[Path]) -> None:
    with pytest.raises(MigrationError, match=r"0001_a\.sql was changed after it was applied"):
        plan({files[0].name: "other"}, files)


def test_plan_refuses_a_database_from_a_newer_release(files: list[Path]) -> None:
    with pytest.raises(MigrationError, match=r"0003_c\.sql"):
        plan({"0003_c.sql": "x"}, files)


def test_migration_numbers_are_consecutive_and_unique() -> None:
    numbers = [int(path.name[:4]) for path in migration_files()]
    assert numbers == list(range(1, len(numbers) + 1))
