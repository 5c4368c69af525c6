"""Files that are broken, lie or attack: all made by code, named as a careless or a hostile person would."""

from __future__ import annotations

from tests.faults.hostile_archives import archive_files
from tests.faults.hostile_file import HostileFile
from tests.faults.hostile_office import office_files
from tests.faults.hostile_pdfs import pdf_files
from tests.faults.hostile_records import record_files
from tests.faults.hostile_texts import text_files

__all__ = ["HostileFile", "hostile_files"]


def hostile_files() -> list[HostileFile]:
    """Return them all; every name is used once."""
    return [*archive_files(), *office_files(), *pdf_files(), *text_files(), *record_files()]
